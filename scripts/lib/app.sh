# app.sh - the application's files, schema and demo data in an instance.

# Sets app, where web/, emails/ and sql/ are, and programs.  They are used
# where they lie, unless the service user cannot get there: then copied.
app_stage() {
    app=$top
    programs=$build_dir
    if user_reaches "$top/web/dist" && user_reaches "$build_dir"; then
        return 0
    fi
    app=$dir/app
    programs=$dir/app/bin
    as_user rm -rf "$app/web" "$app/emails" "$app/sql" "$app/data"
    as_user mkdir -p "$programs"
    # tar takes a running program out of the way before it writes a new one.
    tar -C "$top" -cf - data emails sql web/pages web/dist |
        as_user tar -C "$app" --no-same-owner -xf -
    tar -C "$build_dir" -cf - sparkle-fcgi sparkle-jobs sparkle-batch sparklectl |
        as_user tar -C "$programs" --no-same-owner -xf -
}

# The schema is brought up to date at every start; the demo community comes
# once, and only into an empty site.
app_data() {
    local sparklectl=("$programs/sparklectl" --config "$conf" --sql "$app/sql")
    step schema
    logged migrate.log "${sparklectl[@]}" migrate ||
        fail "the schema could not be brought up to date:" \
            "$(tail -n 5 "$log/migrate.log")" \
            "(--fresh begins with an empty instance)"
    step_end
    if [ "$demo" = no ] || [ -e "$dir/demo" ]; then return 0; fi
    step demo
    logged demo.log "${sparklectl[@]}" demo ||
        fail "the demo community could not be made:" \
            "$(tail -n 5 "$log/demo.log")"
    sed -n 's/.*\(Sign in as .*\)/\1/p' "$log/demo.log" | tail -n 1 |
        as_user tee "$dir/demo" >/dev/null
    step_end
}

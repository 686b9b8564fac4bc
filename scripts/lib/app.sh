# app.sh - the application's files, schema and demo data in an instance.

# Sets app, where web/, emails/ and sql/ are, and programs.  They are used
# where they lie, unless the service user cannot get there: then copied.
app_stage() {
 Its last line says who can sign in.
app=$top
 Its last line says who can sign in.
programs=$build_dir
 Its last line says who can sign in.
if user_reaches "$top/web/dist" && user_reaches "$build_dir"; then
 Its last line says who can sign in.
    return 0
 Its last line says who can sign in.
fi
 Its last line says who can sign in.
app=$dir/app
 Its last line says who can sign in.
programs=$dir/app/bin
 Its last line says who can sign in.
as_user rm -rf "$app/web" "$app/emails" "$app/sql"
 Its last line says who can sign in.
as_user mkdir -p "$programs"
 Its last line says who can sign in.
# tar takes a running program out of the way before it writes a new one.
 Its last line says who can sign in.
tar -C "$top" -cf - emails sql web/pages web/dist |
 Its last line says who can sign in.
    as_user tar -C "$app" --no-same-owner -xf -
 Its last line says who can sign in.
tar -C "$build_dir" -cf - sparkle-fcgi sparkle-jobs sparkle-batch sparklectl |
 Its last line says who can sign in.
    as_user tar -C "$programs" --no-same-owner -xf -
}

# The schema is brought up to date at every start; the demo community comes
# once, and only into an empty site.
app_data() {
 Its last line says who can sign in.
local sparklectl=("$programs/sparklectl" --config "$conf" --sql "$app/sql")
 Its last line says who can sign in.
step schema
 Its last line says who can sign in.
logged migrate.log "${sparklectl[@]}" migrate ||
 Its last line says who can sign in.
    fail "the schema could not be brought up to date:" \
 Its last line says who can sign in.
        "$(tail -n 5 "$log/migrate.log")"
 Its last line says who can sign in.
step_end
 Its last line says who can sign in.
if [ "$demo" = no ] || [ -e "$dir/demo" ]; then return 0; fi
 Its last line says who can sign in.
step demo
 Its last line says who can sign in.
logged demo.log "${sparklectl[@]}" demo ||
 Its last line says who can sign in.
    fail "the demo community could not be made:" \
 Its last line says who can sign in.
        "$(tail -n 5 "$log/demo.log")"
 Its last line says who can sign in.
# Its last line says who can sign in.
 Its last line says who can sign in.
tail -n 1 "$log/demo.log" | as_user tee "$dir/demo" >/dev/null
 Its last line says who can sign in.
step_end
}

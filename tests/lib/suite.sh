# suite.sh - runs the JavaScript tests of a suite.  Sourced by tests/*/run:
#
#   . "$(dirname "$0")/../lib/suite.sh"
#   suite_run FILE [ARGUMENT]...
#
# SPARKLE_BUILD names the build directory (build/), SPARKLE_KEEP=1 leaves the
# stack's directory behind, SPARKLE_ONLY=WORDS runs only tests whose names
# have them, SPARKLE_FILES="NAME..." only those files (NAME.test.mjs).

suite_top=$(realpath -- "$(dirname -- "$0")/../..")

# Tests go to other directories: what is relative is so to where we began.
[ -z "${SPARKLE_BUILD:-}" ] || {
    SPARKLE_BUILD=$(realpath -- "$SPARKLE_BUILD")
    export SPARKLE_BUILD
}

suite_prepare() {
    local modules=$suite_top/tests/node_modules
    if [ ! -e "$modules/.package-lock.json" ] ||
        [ "$suite_top/tests/package-lock.json" -nt "$modules/.package-lock.json" ]; then
        # One at a time: suites may start together.
        (
            flock 9
            [ "$modules/.package-lock.json" -nt "$suite_top/tests/package-lock.json" ] ||
                npm ci --prefix "$suite_top/tests" --no-audit --no-fund --silent
            touch "$modules/.package-lock.json"
        ) 9>"${TMPDIR:-/tmp}/sparkle-npm.lock" || exit 1
    fi
}

# suite_files FILE...: those that SPARKLE_FILES names; all where it names none.
suite_files() {
    local file name
    for file in "$@"; do
        name=${file##*/}
        [[ -n ${SPARKLE_FILES:-} &&
            " $SPARKLE_FILES " != *" ${name%.test.mjs} "* ]] || echo "$file"
    done
}

suite_run() {
    local only=()
    suite_prepare
    [ -z "${SPARKLE_ONLY:-}" ] || only=(--test-name-pattern="$SPARKLE_ONLY")
    node ${only[@]+"${only[@]}"} --no-warnings \
        --test-reporter="$suite_top/tests/lib/reporter.mjs" \
        --test-reporter-destination=stdout "$@"
}

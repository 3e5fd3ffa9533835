#!/usr/bin/env bash
# Runs the tests on a display of their own:   packaging/test.sh [PYTEST ARGUMENTS …]
# The first run does all the set-up; see setup.sh.
set -euo pipefail
# shellcheck source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

helpers=()
scratch=
stop_display() {
    local pid
    for pid in ${helpers[@]+"${helpers[@]}"}; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    [ -z "$scratch" ] || rm -rf "$scratch"
}
trap stop_display EXIT
trap 'exit 130' INT TERM

start_display() { # Xvfb picks a free number itself and tells it when it is ready
    mkfifo "$scratch/number"
    Xvfb -displayfd 3 -screen 0 2560x1440x24 -nolisten tcp 3>"$scratch/number" 2>"$scratch/xvfb.log" &
    helpers+=($!)
    local number
    read -r -t 30 number <>"$scratch/number" || die "Xvfb did not start: $(tail -n 1 "$scratch/xvfb.log")"
    export DISPLAY=:$number QT_QPA_PLATFORM=xcb
    unset WAYLAND_DISPLAY
    openbox --sm-disable >/dev/null 2>&1 &
    helpers+=($!)
}

if [ "$(uname -s)" = Linux ]; then
    need_packages "the test run" "$PACKAGING/debian-qt.txt" "$PACKAGING/debian-test.txt" || exit 1
    for program in Xvfb openbox; do
        command -v $program >/dev/null || die "the tests need $program; install it with your system's package manager."
    done
fi
prepare_venv test
if scratch=$(folder_in_memory); then export TMPDIR=$scratch; else scratch=$(mktemp -d); fi
[ "$(uname -s)" != Linux ] || start_display
cd "$CHECKOUT"
unset PYTHONDONTWRITEBYTECODE # or each of the many processes that tests start compiles the program anew
# Two processes, one of which has all tests of the window (tests/conftest.py); with a number of its own (0: none) where
# -n is given.
PYTHONFAULTHANDLER=1 "$VENV/bin/python" -m pytest -n 2 --dist loadfile "$@"

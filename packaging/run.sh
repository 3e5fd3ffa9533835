#!/usr/bin/env bash
# Opens MPT Studio, or runs one of its commands:   packaging/run.sh [gui] [PATH …]   |   packaging/run.sh update --data builtin
# The first start does all the set-up; see setup.sh.
set -euo pipefail
# shellcheck source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

wants_window() { # ARGUMENTS…: no command, or files to open
    case " $* " in *" --help "* | *" -h "*) return 1 ;; esac
    case ${1:-gui} in
        gui) true ;;
        update | train | evaluate | compare | runs | inspect | resume | worker) false ;;
        *) [ -e "$1" ] ;;
    esac
}

has_display() {
    [ "$(uname -s)" != Linux ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] ||
        case ${QT_QPA_PLATFORM:-} in '' | xcb* | wayland*) false ;; esac
}

if wants_window "$@"; then
    has_display ||
        die "there is no display for the window (DISPLAY and WAYLAND_DISPLAY are not set); the same job runs on the command line: packaging/run.sh update --data builtin"
    need_packages "the window" "$PACKAGING/debian-qt.txt" || exit 1
fi
prepare_venv run
exec "$VENV/bin/python" -m mpt_studio "$@"

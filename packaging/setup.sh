# shellcheck shell=bash
# Shared by run.sh and test.sh: makes the environment that MPT Studio runs in, and says what it does.
# Everything is said on stderr, so that the output of "run.sh update --json" stays clean.
#
#   VENV     folder of the virtual environment (default: .venv in the checkout)
#   PYTHON   the Python to make it from (default: the first of python3, python3.11 … python3.14 that fits)

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PACKAGING=$CHECKOUT/packaging
VENV=${VENV:-$CHECKOUT/.venv}
case $VENV in /*) ;; *) VENV=$PWD/$VENV ;; esac
STAMP=$VENV/mpt-studio.stamp           # written last: what the finished environment was made from
UNFINISHED=$VENV/mpt-studio.unfinished # there while we work: an interrupted set-up starts afresh

say() { printf 'MPT Studio: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

# --- system packages -------------------------------------------------------------------------------------------------

on_debian() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

installed_packages() { # names, and the names that they provide in place of others
    dpkg-query -W -f '${db:Status-Status}, ${Package}, ${Provides}\n' |
        awk -F', *' '$1 == "installed" { for (i = 2; i <= NF; i++) { sub(/ .*/, "", $i); print $i } }'
}

missing_packages() { # LIST…: the names in these files that are not installed, on one line
    on_debian || return 0
    comm -13 <(installed_packages | sort -u) <(sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$@" | sort -u) |
        tr '\n' ' ' | sed 's/ $//'
}

apt_line() { echo "apt-get install --no-install-recommends $*"; }

as_root() { # COMMAND…: fails where nobody can be asked for a password
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        return 1
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

can_be_root() {
    [ "$(id -u)" = 0 ] && return
    command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }
}

apt_install() { # NAME…: quiet unless it fails
    [ "$(id -u)" = 0 ] || say "… sudo may ask for your password."
    # A source that does not answer need not be the one that has our packages: go on and see.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2 || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
        install -y --no-install-recommends "$@" >/dev/null
}

need_packages() { # PURPOSE LIST…: installs what is missing; fails after saying what to type
    local purpose=$1 missing
    shift
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if ! can_be_root; then
        say "$purpose needs system packages that only an administrator can install: $(apt_line "$missing")"
        return 1
    fi
    say "installing the system packages that $purpose needs: $missing"
    # shellcheck disable=SC2086 # a list of names
    if ! apt_install $missing; then
        say "apt could not install them (its message is above); check the network, or try: $(apt_line "$missing")"
        return 1
    fi
}

offer_data() { # Fashion-MNIST is welcome where it costs no question, and never a reason to stop
    local missing
    missing=$(missing_packages "$PACKAGING/debian-data.txt")
    [ -n "$missing" ] && can_be_root || return 0
    say "installing the Fashion-MNIST images (Debian package $missing)"
    # shellcheck disable=SC2086
    apt_install $missing || say "Fashion-MNIST could not be installed; the built-in data work without it."
}

lacking_fonts() { # the packages of fonts for scripts that no font of the system has, on one line
    local package languages language
    command -v fc-list >/dev/null || return 0
    sed 's/#.*//; /^$/d' "$PACKAGING/debian-fonts.txt" | while read -r package languages; do
        for language in $languages; do
            [ -n "$(fc-list ":lang=$language" family | head -n 1)" ] || { echo "$package" && break; }
        done
    done | tr '\n' ' ' | sed 's/ $//'
}

offer_fonts() { # class names may be in any script; as welcome as the data, and as little a reason to stop
    local missing
    missing=$(lacking_fonts)
    [ -n "$missing" ] || return 0
    if on_debian && can_be_root; then
        say "installing fonts for class names in Arabic, Chinese, Devanagari, Japanese, Korean or Thai: $missing"
        # shellcheck disable=SC2086
        apt_install $missing && return
    fi
    say "class names in some scripts cannot be read with the system's fonts; to mend it: $(apt_line "$missing")"
}

# --- Python ----------------------------------------------------------------------------------------------------------

fits() { "$1" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' >/dev/null 2>&1; }

find_python() { # prints its path
    local name
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3 python3.11 python3.12 python3.13 python3.14; fi
    for name; do
        fits "$name" && command -v "$name" && return
    done
    return 1
}

require_space() { # FOLDER: on Linux, torch and its CUDA libraries are 3 GB to fetch and 5.5 GB once unpacked
    local free needed=9
    [ "$(uname -s)" = Linux ] || needed=3
    free=$(df -Pk "$1" | awk 'NR == 2 { printf "%d", $4 / 1024 / 1024 }')
    [ "$free" -ge "$needed" ] ||
        die "$1 has $free GB free and the set-up needs $needed GB; make room, or name another folder: VENV=/path $0"
    [ "$free" -ge $((needed + 4)) ] || export PIP_NO_CACHE_DIR=1
}

mark_unfinished() { mkdir -p "$VENV" 2>/dev/null && : >"$UNFINISHED"; }

# What the environment is made from; "test" has everything that "run" has.
stamp_of() { # LEVEL
    { echo "$CHECKOUT"; cat "$CHECKOUT/pyproject.toml" "$PACKAGING/constraints.txt"; } | cksum | tr -d '\n'
    echo " $1"
}

is_ready() { # LEVEL
    [ -x "$VENV/bin/python" ] && [ -f "$STAMP" ] && [ ! -e "$UNFINISHED" ] &&
        case $(cat "$STAMP") in "$(stamp_of "$1")" | "$(stamp_of test)") true ;; *) false ;; esac
}

explain_pip() { # LOG: pip's messages in one sentence; as they are where they are of another kind
    rm -rf "$VENV/tmp"
    if grep -qi 'no space left' "$1"; then
        die "the disk is full; make room and start this again."
    elif grep -qiE 'connection|name resolution|timed out|ProxyError|SSLError' "$1"; then
        die "the Python packages cannot be fetched; check the network connection and start this again."
    fi
    cat "$1" >&2
    die "pip could not install the Python packages; its message is above."
}

# The system's pip takes this one's place where the environment cannot have one of its own at first.
pip=("$VENV/bin/python" -m pip)

pip_install() { # ARGUMENTS…: bars on a terminal, silence elsewhere
    local log=$VENV/mpt-studio.log quiet=--quiet
    [ ! -t 2 ] || quiet=
    # Wheels are unpacked beside the environment: /tmp is often too small for torch.
    mkdir -p "$VENV/tmp"
    TMPDIR=$VENV/tmp PIP_DISABLE_PIP_VERSION_CHECK=1 \
        "${pip[@]}" install $quiet -c "$PACKAGING/constraints.txt" "$@" >&2 2>"$log" || explain_pip "$log"
    rm -rf "$VENV/tmp"
}

make_venv() { # PYTHON
    if "$1" -c 'import ensurepip' 2>/dev/null; then
        "$1" -m venv "$VENV" >/dev/null && return
    fi
    # Debian keeps ensurepip in python3-venv. The system's pip can fill an empty environment instead, without root.
    if { "$1" -m venv --without-pip "$VENV" && "$1" -m pip --python "$VENV/bin/python" --version; } >/dev/null 2>&1; then
        pip=("$1" -m pip --python "$VENV/bin/python")
        pip_install pip
        pip=("$VENV/bin/python" -m pip)
        return
    fi
    if on_debian && can_be_root && apt_install python3-venv; then
        "$1" -m venv "$VENV" >/dev/null && return
    fi
    die "$1 can make no virtual environment; install its venv module ($(apt_line python3-venv)) and start this again."
}

fill_venv() { # LEVEL
    local what=$CHECKOUT
    [ "$1" != test ] || what="${CHECKOUT}[test]"
    pip_install pip hatchling
    pip_install --no-build-isolation --editable "$what"
}

begin_venv() { # what is not ours (no stamp, no mark) is never removed: an environment is filled, anything else refused
    if [ -e "$UNFINISHED" ] || { [ -f "$STAMP" ] && [ ! -x "$VENV/bin/python" ]; }; then
        say "the environment in $VENV is not whole (its set-up was interrupted, or its Python is gone); starting afresh."
        rm -rf "$VENV"
    fi
    if [ -x "$VENV/bin/python" ]; then
        say "bringing the Python packages in $VENV up to date"
        [ ! -f "$STAMP" ] || mark_unfinished
        "$VENV/bin/python" -m pip --version >/dev/null 2>&1 || "$VENV/bin/python" -m ensurepip >/dev/null 2>&1 ||
            die "the environment in $VENV has no pip; name another folder: VENV=/path $0"
        return
    fi
    [ -z "$(ls -A "$VENV" 2>/dev/null)" ] || die "$VENV holds other things; name a new folder: VENV=/path $0"
    local python
    python=$(find_python) || die "no Python from 3.11 to 3.14 was found; install one ($(apt_line python3 python3-pip)) or name it: PYTHON=/path/to/python3 $0"
    mark_unfinished || die "$VENV cannot be written; name another folder: VENV=/path $0"
    require_space "$VENV"
    say "making a virtual environment in $VENV with $("$python" -V) ($python)"
    make_venv "$python"
    offer_data
    offer_fonts
    say "installing the Python packages, torch among them: some gigabytes and some minutes, this once"
}

check_qt_libraries() { # where there is no apt to ask: which shared libraries are not found?
    local plugin missing
    ! on_debian && command -v ldd >/dev/null || return 0
    for plugin in "$VENV"/lib/python*/site-packages/PySide6/Qt/plugins/platforms/libqxcb.so; do
        missing=$(ldd "$plugin" 2>/dev/null | awk '/not found/ { print $1 }' | sort -u | tr '\n' ' ')
        [ -z "$missing" ] || say "the window needs shared libraries that are not installed: $missing"
    done
}

prepare_venv() { # LEVEL: run or test
    is_ready "$1" && return
    unset PIP_USER PIP_TARGET PIP_PREFIX PYTHONHOME
    # One set-up at a time; the lock is on a folder, so that no file is left behind.
    exec 9<"$PACKAGING"
    ! command -v flock >/dev/null || flock 9
    if ! is_ready "$1"; then
        begin_venv
        fill_venv "$1"
        check_qt_libraries
        stamp_of "$1" >"$STAMP"
        rm -f "$UNFINISHED" "$VENV/mpt-studio.log"
        say "the set-up is complete."
    fi
    exec 9<&-
}

# --- tests -----------------------------------------------------------------------------------------------------------

# Tests write tens of thousands of files, each synchronised: a disk has them wait for minutes in all.
folder_in_memory() { # prints the path of a new one; fails where there is too little room, or programs cannot start there
    local room free
    room=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { printf "%d", $4 / 1024 / 1024 }') || return 1
    free=$(awk '$1 == "MemAvailable:" { printf "%d", $2 / 1024 / 1024 }' /proc/meminfo 2>/dev/null) || return 1
    [ "${room:-0}" -ge 12 ] && [ "${free:-0}" -ge 8 ] || return 1
    ! grep -q '^[^ ]* /dev/shm [^ ]* [^ ]*noexec' /proc/mounts && mktemp -d /dev/shm/mptXXXX # short: sockets lie in it, too
}

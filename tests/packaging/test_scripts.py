"""The two commands: what they say when they cannot go on, and what they start when they can."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGING = CHECKOUT / "packaging"
SCRIPTS = [PACKAGING / "run.sh", PACKAGING / "test.sh", PACKAGING / "setup.sh", CHECKOUT / ".ci" / "run"]
BASH = shutil.which("bash")

pytestmark = pytest.mark.skipif(BASH is None or sys.platform == "win32", reason="the scripts need bash")

Bash = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The least that a script is started with: no display, an empty home."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "VENV": str(tmp_path / "venv"), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def run(environment: dict[str, str]) -> Bash:
    def start(*command: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BASH), *map(str, command)],
            env=environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return start


@pytest.fixture
def shell(run: Bash) -> Bash:
    """A few lines of bash with the functions of setup.sh."""
    return lambda lines, **more: run("-c", f"set -euo pipefail; . {PACKAGING / 'setup.sh'}; {lines}", **more)


@pytest.fixture
def finished_venv(environment: dict[str, str], shell: Bash) -> Path:
    """An environment that counts as set up, whose Python only prints how it was called."""
    python = Path(environment["VENV"]) / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nfor word; do echo "<$word>"; done\n')
    python.chmod(0o755)
    stamp = shell("stamp_of test")
    (python.parents[1] / "mpt-studio.stamp").write_text(stamp.stdout)
    return python.parents[1]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_that_every_script_parses(run: Bash, script: Path) -> None:
    assert run("-n", script).stderr == ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_that_shellcheck_has_nothing_to_say(script: Path) -> None:
    checker = shutil.which("shellcheck")
    if checker is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(
        [checker, "-x", "-P", "SCRIPTDIR", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == ""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
@pytest.mark.parametrize("arguments", [(), ("gui",), (str(CHECKOUT),)], ids=["nothing", "gui", "a path"])
def test_that_the_window_without_a_display_is_refused_in_one_sentence(
    run: Bash, environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    done = run(PACKAGING / "run.sh", *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "no display" in done.stderr
    assert "packaging/run.sh update --data builtin" in done.stderr
    assert not Path(environment["VENV"]).exists(), "nothing is installed before that"


@pytest.mark.usefixtures("finished_venv")
def test_that_arguments_are_passed_on_as_they_are(run: Bash) -> None:
    done = run(PACKAGING / "run.sh", "update", "--data", "folder:my pictures", "--json", "")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "<-m>", "<mpt_studio>", "<update>", "<--data>", "<folder:my pictures>", "<--json>", "<>",
    ]  # fmt: skip


@pytest.mark.usefixtures("finished_venv")
def test_that_help_needs_no_display(run: Bash) -> None:
    assert run(PACKAGING / "run.sh", "--help").stdout.splitlines() == ["<-m>", "<mpt_studio>", "<--help>"]


def test_that_a_finished_environment_is_ready_and_an_interrupted_or_outdated_one_is_not(
    shell: Bash, finished_venv: Path
) -> None:
    assert shell("is_ready test && is_ready run").returncode == 0
    unfinished = finished_venv / "mpt-studio.unfinished"
    unfinished.touch()
    assert shell("is_ready run").returncode == 1
    unfinished.unlink()
    stamp = finished_venv / "mpt-studio.stamp"
    stamp.write_text(stamp.read_text().replace("test", "run"))
    assert shell("is_ready run").returncode == 0
    assert shell("is_ready test").returncode == 1
    stamp.write_text("0 0 test\n")
    assert shell("is_ready run").returncode == 1


def test_that_an_interrupted_set_up_is_started_afresh(shell: Bash, environment: dict[str, str]) -> None:
    venv = Path(environment["VENV"])
    (venv / "bin").mkdir(parents=True)
    (venv / "mpt-studio.unfinished").touch()
    (venv / "half").touch()
    done = shell("make_venv() { echo made; }; require_space() { :; }; begin_venv", PYTHON=sys.executable)
    assert done.stdout == "made\n"
    assert "interrupted" in done.stderr
    assert not (venv / "half").exists()


def test_that_an_environment_of_the_users_own_is_filled_and_never_removed(
    shell: Bash, environment: dict[str, str]
) -> None:
    python = Path(environment["VENV"]) / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    assert shell("begin_venv").returncode == 0
    assert python.exists()
    assert not (python.parents[1] / "mpt-studio.unfinished").exists(), "so a later start cannot remove it either"


def test_that_a_folder_with_other_things_is_left_alone(shell: Bash, environment: dict[str, str]) -> None:
    thing = Path(environment["VENV"]) / "thesis.tex"
    thing.parent.mkdir()
    thing.touch()
    done = shell("begin_venv", PYTHON=sys.executable)
    assert done.returncode == 1
    assert "holds other things" in done.stderr
    assert [p.name for p in thing.parent.iterdir()] == ["thesis.tex"]


def test_that_an_old_python_is_refused_in_one_sentence(shell: Bash, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = shell("begin_venv", PYTHON=str(old))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "no Python from 3.11" in done.stderr


def test_that_a_full_disk_is_refused_with_what_is_needed(shell: Bash, tmp_path: Path) -> None:
    table = "Filesystem 1024-blocks Used Available Capacity Mounted\n/dev/x 9 9 2097152 99% /"
    done = shell(f"df() {{ echo '{table}'; }}; require_space {tmp_path}")
    assert done.returncode == 1
    assert "2 GB free" in done.stderr
    assert "make room" in done.stderr


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("Failed to establish a new connection: Temporary failure in name resolution", "network"),
        ("ERROR: ResolutionImpossible", "pip could not install"),
    ],
)
def test_that_pips_message_becomes_one_sentence(shell: Bash, tmp_path: Path, message: str, sentence: str) -> None:
    log = tmp_path / "log"
    log.write_text(message)
    done = shell(f"explain_pip {log}")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_that_missing_system_packages_are_named_with_the_line_to_type(shell: Bash, tmp_path: Path) -> None:
    wanted = tmp_path / "list.txt"
    wanted.write_text("# a comment\nlibpresent1\nlibold1  # provided\nlibabsent2\n")
    fakes = (
        "on_debian() { true; }; can_be_root() { false; }; "
        "dpkg-query() { printf 'installed, libpresent1, \\ninstalled, libnew1, libold1 (= 1), x\\n"
        "config-files, libabsent2, \\n'; }; "
    )
    done = shell(f"{fakes} need_packages 'the window' {wanted}")
    assert done.returncode == 1
    assert done.stderr == (
        "MPT Studio: the window needs system packages that only an administrator can install: "
        "apt-get install --no-install-recommends libabsent2\n"
    )


def test_that_fonts_are_named_only_where_a_script_has_none(shell: Bash, tmp_path: Path) -> None:
    (tmp_path / "fc-list").write_text("#!/bin/sh\ncase $1 in :lang=th) ;; *) echo DejaVu Sans ;; esac\n")
    (tmp_path / "fc-list").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert shell("lacking_fonts", PATH=path).stdout == "fonts-noto-ui-core"
    said = shell("can_be_root() { false; }; offer_fonts", PATH=path)
    assert said.returncode == 0
    assert "apt-get install --no-install-recommends fonts-noto-ui-core" in said.stderr
    (tmp_path / "fc-list").write_text("#!/bin/sh\necho Noto Sans\n")
    assert shell("offer_fonts", PATH=path).stderr == ""


def _requirements(name: str) -> list[str]:
    lines = (PACKAGING / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_that_constraints_are_exact_versions_without_addresses() -> None:
    exact = re.compile(r"[a-z0-9.-]+==[0-9][0-9a-z.]*( ; platform_system == \"Linux\")?")
    assert [line for line in _requirements("constraints.txt") if not exact.fullmatch(line)] == []


def _names(lines: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in lines}


def _declared(*extras: str) -> set[str]:
    import tomllib

    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    return _names(project["dependencies"] + [line for e in extras for line in project["optional-dependencies"][e]])


def test_that_every_dependency_is_pinned() -> None:
    pinned = _names(_requirements("constraints.txt"))
    assert _declared("test", "all", "onnx", "parquet", "timm") - {"mpt-studio"} - pinned == set()


def test_that_training_nodes_get_everything_but_qt() -> None:
    assert _names(_requirements("node-requirements.txt")) == _declared() - {"pyside6-essentials", "pyqtgraph"}


def test_that_no_file_names_a_registry() -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, timeout=30, check=False
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    hosts = re.compile(
        "|".join(["pypi" + r"\.org", "python" + "hosted", "deb" + r"ian\.org", "download" + r"\.pytorch"])
    )
    files = [CHECKOUT / name for name in listing.stdout.split("\0") if name]
    assert [f.name for f in files if f.is_file() and hosts.search(f.read_text("utf-8", errors="ignore"))] == []

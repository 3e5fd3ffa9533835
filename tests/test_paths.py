"""Writing a file as a whole or not at all."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mpt_studio import paths
from mpt_studio.errors import UserError


def test_that_folders_follow_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, folder in (
        ("STORE", paths.store_dir), ("CACHE", paths.cache_dir), ("CONFIG", paths.config_dir), ("LOGS", paths.log_dir),
    ):  # fmt: skip
        monkeypatch.setenv(f"MPT_STUDIO_{name}", str(tmp_path / name))
        assert folder() == tmp_path / name
        monkeypatch.delenv(f"MPT_STUDIO_{name}")
        assert "mpt-studio" in folder().parts


def test_that_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "file.txt"
    paths.write_text(path, "one")
    paths.write_text(path, "zwei ✓")
    assert path.read_text("utf-8") == "zwei ✓"
    assert os.listdir(path.parent) == ["file.txt"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError()])
def test_that_any_failure_leaves_the_old_file_as_it_was(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def half(temporary: Path) -> None:
        temporary.write_text("ne")
        raise error

    with pytest.raises(type(error)):
        paths.replace_file(path, half)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from mpt_studio import paths
    def half(temporary):
        temporary.write_text("ne")
        os.kill(os.getpid(), signal.SIGKILL)
    paths.replace_file(Path(sys.argv[1]), half)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_that_a_kill_while_writing_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_that_the_longest_names_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    paths.write_text(path, "text")
    assert path.read_text() == "text"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_that_a_written_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    paths.write_text(tmp_path / "written", "text")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "written")}
    assert len(modes) == 1


def test_that_a_name_that_is_no_text_does_not_stop_the_writing(tmp_path: Path) -> None:
    paths.write_text(tmp_path / "file.json", '"\udcff"')
    assert (tmp_path / "file.json").read_bytes() == b'"\\udcff"'


def test_that_resources_are_found_in_a_checkout() -> None:
    assert paths.resource("icons").parent.name == "resources"


@pytest.mark.skipif(os.name != "posix", reason="devices and pipes are files here")
def test_that_devices_pipes_and_sockets_are_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(tmp_path / "socket"))
    (tmp_path / "null").symlink_to("/dev/null")
    for name in ("pipe", "socket", "null"):
        before = (tmp_path / name).lstat().st_mode
        with pytest.raises(UserError, match="is a pipe, a socket or a device"):
            paths.write_chosen(tmp_path / name, lambda path: None)
        assert (tmp_path / name).lstat().st_mode == before
    with pytest.raises(UserError, match="/dev/full is a pipe"):
        paths.write_text(Path("/dev/full"), "x")


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_that_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "there" / "real.csv")
    for text in ("made", "replaced"):
        paths.write_text(tmp_path / "link.csv", text)
        assert (tmp_path / "link.csv").is_symlink()
        assert (tmp_path / "there" / "real.csv").read_text() == text


@pytest.mark.parametrize("text", ["~nobody-of-this-name/x", "~,1", "a/~"])
def test_that_a_tilde_that_is_nobodys_home_stays(text: str) -> None:
    assert str(paths.expanded(text)) == text


def test_that_a_tilde_is_ones_own_home() -> None:
    assert paths.expanded("~/x") == Path.home() / "x"

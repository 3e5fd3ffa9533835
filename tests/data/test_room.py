"""How much decoded images may take."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mpt_studio.data import room
from mpt_studio.data.fit import Fit, Whole
from mpt_studio.errors import UserError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))


def entry(name: str, size: int, days_ago: float = 0.0) -> Path:
    folder = room.place_of(name, Fit(16), "pixels")
    folder.mkdir(parents=True)
    (folder / "pixels").write_bytes(bytes(size))
    about = folder / "about.json"
    about.write_text(json.dumps({"data": name}))
    when = about.stat().st_mtime - 86_400 * days_ago
    os.utime(about, (when, when))
    return folder


def names() -> list[str]:
    return [found.data for found in room.entries()]


def test_that_what_nobody_needed_for_longest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, days in (("old", 3), ("older", 9), ("new", 1)):
        entry(name, 100_000, days)
    monkeypatch.setenv(room.LIMIT, "300K")
    assert room.make_room(150_000, room.place_of("another", Fit(16), "pixels"))
    assert names() == ["new"]


def test_that_nothing_goes_for_what_never_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    entry("old", 100_000, 3)
    monkeypatch.setenv(room.LIMIT, "200K")
    assert not room.make_room(300_000, room.place_of("another", Fit(16), "pixels"))
    assert names() == ["old"]


def test_that_a_part_of_the_disk_is_never_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(room.LIMIT, "100%")
    monkeypatch.setattr(room, "_free", lambda: room.LEFT_FREE + 1000)
    assert room.make_room(1000, room.place_of("one", Fit(16), "pixels"))
    assert not room.make_room(1001, room.place_of("one", Fit(16), "pixels"))


def test_that_what_is_written_to_now_stays() -> None:
    folder = entry("busy", 1000)
    with room.lock_of(folder):
        assert not room.delete(folder)
        assert room.empty() == 0
    assert room.empty() > 1000
    assert not room.entries()


def test_that_what_is_left_of_a_deletion_that_failed_counts_and_goes() -> None:
    (entry("half", 1000) / "about.json").unlink()
    assert [found.bytes for found in room.entries()] == [1000]
    assert room.empty() == 1000


def test_that_what_was_not_needed_for_months_goes() -> None:
    entry("forgotten", 1000, room.KEPT_DAYS + 1)
    entry("needed", 1000, room.KEPT_DAYS - 1)
    assert room.make_room(1, room.place_of("new", Fit(16), "pixels"))
    assert names() == ["needed"]


@pytest.mark.parametrize(
    ("text", "expected"), [("25%", 250), (" 2 kb ", 2048), ("1.5GiB", 3 << 29), ("7", 7), ("0", 0)]
)
def test_that_limits_are_shares_or_sizes(monkeypatch: pytest.MonkeyPatch, text: str, expected: int) -> None:
    monkeypatch.setattr(room, "_free", lambda: 1000)
    room.set_limit(text)
    assert room.limit() == expected
    monkeypatch.setenv(room.LIMIT, "3")
    assert room.limit() == 3


@pytest.mark.parametrize("text", ["much", "101%", "-1", "1 PB", ""])
def test_that_what_is_no_limit_is_a_sentence(text: str) -> None:
    with pytest.raises(UserError, match="is no limit for decoded images: write a share of the free disk, as 25%"):
        room.set_limit(text)
    assert room.limit_text() == room.DEFAULT_LIMIT


def test_that_whole_images_are_found_smallest_first() -> None:
    for shorter in (300, 200, 100):
        room.place_of("data", Whole(shorter), "jpeg").mkdir(parents=True)
    assert room.existing_wholes("data", 150) == [Whole(200), Whole(300)]
    assert room.existing_wholes("other data", 0) == []


@pytest.fixture
def by_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable says where the cache lies."""
    monkeypatch.delenv("MPT_STUDIO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))


@pytest.mark.usefixtures("by_setting")
def test_that_another_folder_is_kept_and_what_lies_beside_stays(tmp_path: Path) -> None:
    before, own = entry("one", 1000), tmp_path / "large" / "mine" / "album"
    own.mkdir(parents=True)
    room.set_folder(str(tmp_path / "large"))
    assert room.home().parent == tmp_path / "large"
    assert not before.exists()
    entry("two", 1000)
    (room.home() / "mine" / "album").mkdir(parents=True)  # and even within, what is not named as ours
    assert names() == ["two"]
    room.set_folder(str(tmp_path / "large"))
    assert names() == ["two"]  # nothing has changed, so nothing goes
    room.set_folder(room.IN_CACHE)
    assert room.home().is_relative_to(tmp_path / "xdg")
    assert own.exists()
    assert (tmp_path / "large" / "mpt-studio-decoded" / "mine" / "album").exists()


@pytest.mark.usefixtures("by_setting")
def test_that_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match=r"Nothing can be kept in .*file \(.*\); choose another folder"):
        room.set_folder(str(tmp_path / "file"))
    assert room.home().is_relative_to(tmp_path / "xdg")


def test_that_a_variable_that_says_where_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="MPT_STUDIO_CACHE says where they lie"):
        room.set_folder(str(tmp_path / "large"))

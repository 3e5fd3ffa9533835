"""The members of tar archives, sound and hostile ones."""

from __future__ import annotations

import io
import os
import random
import tarfile
from pathlib import Path

import pytest

from mpt_studio.data.packed.members import BLOCK, Compressed, Damaged, Member, Window, members


def read(content: bytes, tmp_path: Path) -> tuple[list[Member], str]:
    """What comes out, and what is wrong."""
    (tmp_path / "a.tar").write_bytes(content)
    handle = os.open(tmp_path / "a.tar", os.O_RDONLY)
    found: list[Member] = []
    try:
        for member in members(Window(handle)):
            found.append(member)
    except Damaged as damaged:
        return found, str(damaged)
    finally:
        os.close(handle)
    return found, ""


def archive(form: int, *infos: tuple[tarfile.TarInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as tar:
        for info, content in infos:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def of(form: int = tarfile.USTAR_FORMAT, **contents: bytes) -> bytes:
    return archive(form, *((tarfile.TarInfo(name), content) for name, content in contents.items()))


def resealed(content: bytes, at: int = 0) -> bytes:
    """With the checksum of the header at a place made anew."""
    header = content[at : at + 148] + b" " * 8 + content[at + 156 : at + BLOCK]
    return content[: at + 148] + b"%06o\0 " % sum(header) + content[at + 156 :]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_that_names_places_and_sizes_are_those_of_the_standard_library(form: int, tmp_path: Path) -> None:
    names = ["a", "b/" + "c" * 90, "d/" * 60 + "e" * 60]
    names += ["é" * 80, "f" * 200] if form != tarfile.USTAR_FORMAT else []
    content = archive(form, *((tarfile.TarInfo(name), b"x" * (600 * i)) for i, name in enumerate(names)))
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        truth = [(each.name.encode(), each.offset_data, each.size) for each in tar.getmembers()]
    found, problem = read(content, tmp_path)
    assert [(each.name, each.at, each.size) for each in found] == truth
    assert not problem
    assert not any(each.other for each in found)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_that_what_is_no_file_is_named_and_what_follows_is_found(kind: bytes, tmp_path: Path) -> None:
    info = tarfile.TarInfo("odd")
    info.type, info.linkname = kind, "/etc/passwd"
    found, problem = read(archive(tarfile.USTAR_FORMAT, (info, b""), (tarfile.TarInfo("next"), b"1")), tmp_path)
    assert "not a file" in found[0].other
    assert found[1].name == b"next"
    assert not problem


def test_that_an_archive_that_is_cut_off_gives_the_members_before(tmp_path: Path) -> None:
    content = of(a=b"1" * 600, b=b"2" * 600)
    for end, count in ((100, 0), (512 + 599, 0), (512 + 600, 1), (1536, 1), (1536 + 700, 1), (3072, 2)):
        found, problem = read(content[:end], tmp_path)
        assert len(found) == count
        assert "byte" in problem


@pytest.mark.parametrize(
    ("field", "says"),
    [
        (b"7" * 11 + b"\0", "reaches beyond the end"),
        (b"\x80" + b"\0" * 4 + b"\xff" * 7, "reaches beyond the end"),
        (b"\xff" * 12, "reaches beyond the end"),
        (b"-0000000001\0", "a header without numbers"),
        (b"0o000000007\0", "a header without numbers"),
        (b"1_000000000\0", "a header without numbers"),
    ],
)
def test_that_a_size_that_cannot_be_is_damage_and_its_place_is_told(field: bytes, says: str, tmp_path: Path) -> None:
    content = of(a=b"1", b=b"2")
    content = resealed(content[: 1024 + 124] + field + content[1024 + 136 :], 1024)
    found, problem = read(content, tmp_path)
    assert [each.name for each in found] == [b"a"]
    assert says in problem
    assert "byte 1,024" in problem


def test_that_a_binary_size_counts(tmp_path: Path) -> None:
    content = of(a=b"12345")
    found, _ = read(resealed(content[:124] + b"\x80" + (5).to_bytes(11, "big") + content[136:]), tmp_path)
    assert found[0].size == 5


def test_that_a_changed_header_and_an_archive_behind_another_are_damage(tmp_path: Path) -> None:
    content = of(a=b"1", b=b"2")
    assert "no header" in read(content[:1030] + b"!" + content[1031:], tmp_path)[1]
    found, problem = read(content + of(c=b"3"), tmp_path)
    assert len(found) == 2
    assert problem == f"more follows behind the mark of its end, which is not read (byte {len(content):,})"


def test_that_sparse_members_are_not_read_as_what_they_are_not(tmp_path: Path) -> None:
    old = tarfile.TarInfo("old")
    old.type = tarfile.GNUTYPE_SPARSE
    assert "sparse" in read(archive(tarfile.GNU_FORMAT, (old, b"")), tmp_path)[1]
    new = tarfile.TarInfo("new")
    new.pax_headers = {"GNU.sparse.major": "1"}
    assert "sparse" in read(archive(tarfile.PAX_FORMAT, (new, b"1")), tmp_path)[0][0].other


def test_that_what_is_no_archive_is_said(tmp_path: Path) -> None:
    assert "it is no tar archive" in read(b"PK\x03\x04" + bytes(600), tmp_path)[1]
    assert "cut off" in read(b"", tmp_path)[1]
    with pytest.raises(Compressed):
        read(b"\x1f\x8b" + bytes(600), tmp_path)


def test_that_random_damage_never_ends_in_anything_but_a_verdict(tmp_path: Path) -> None:
    rng = random.Random(7)
    whole = archive(tarfile.PAX_FORMAT, *((tarfile.TarInfo("é" * 90 + str(i)), b"x" * i) for i in range(6)))
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(rng.choice((1, 3, 30))):
            content[rng.randrange(len(content))] = rng.randrange(256)
        sealed = bytes(content)
        for at in range(0, len(sealed) - BLOCK, BLOCK):
            sealed = resealed(sealed, at) if rng.random() < 0.3 else sealed
        found, _ = read(sealed[: rng.randrange(len(sealed))], tmp_path)
        assert all(0 <= each.at <= each.at + each.size <= len(whole) for each in found if not each.other)

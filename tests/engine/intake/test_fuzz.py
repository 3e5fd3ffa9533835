"""Mutated files never crash the reader, and never raise anything but the sentence for the user.

The numbers are fixed by a seed. The mutants are read in this process, without the child's walls: those would hide a
fault. Nothing of a file is executed either way.
"""

from __future__ import annotations

import contextlib
import pickletools
import random
import struct
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
import torch
from hostile import pickle_code as code
from hostile.truncated import saved, state_dict
from safetensors.torch import save

from mpt_studio.engine.intake.contents import contents_from, outline_of
from mpt_studio.errors import UserError
from mpt_studio.files.opened import SENTENCE

QUICK, LONG = 1_500, 100_000
CHECKPOINT = {"state_dict": state_dict(), "epoch": 3, "classes": ["ant", "bee", "cat", "dog"], "best": 0.75}


def _data_pickle() -> bytes:
    with zipfile.ZipFile(BytesIO(saved(CHECKPOINT))) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        return archive.read(name)


def _records() -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(saved(CHECKPOINT))) as archive:
        return {n.split("/data/")[1]: archive.read(n) for n in archive.namelist() if "/data/" in n}


def _mutants(sound: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Each with one to six changes: a bit, a byte, a number at an edge, a part doubled, cut out or moved."""
    random_ = random.Random(seed)
    for _ in range(count):
        made = bytearray(sound)
        for _ in range(random_.choice((1, 1, 1, 2, 3, 6))):
            random_.choice(CHANGES)(made, random_)
        yield bytes(made)


def _bit(made: bytearray, random_: random.Random) -> None:
    if made:
        made[random_.randrange(len(made))] ^= 1 << random_.randrange(8)


def _byte(made: bytearray, random_: random.Random) -> None:
    if made:
        telling = (0, 1, 0x28, 0x2E, 0x52, 0x7F, 0x80, 0x93, 0xFF, random_.randrange(256))
        made[random_.randrange(len(made))] = random_.choice(telling)


def _edge(made: bytearray, random_: random.Random) -> None:
    number = random_.choice((0, 1, -1, 1 << 31, (1 << 31) - 1, 1 << 32, 1 << 62, -(1 << 63)))
    raw = struct.pack("<q", number)[: random_.choice((1, 2, 4, 8))]
    at = random_.randrange(len(made) + 1)
    made[at : at + len(raw)] = raw


def _double(made: bytearray, random_: random.Random) -> None:
    at = random_.randrange(len(made) + 1)
    part = made[at : at + random_.randrange(1, 40)]
    made[at:at] = part * random_.choice((1, 1, 2, 30))


def _cut(made: bytearray, random_: random.Random) -> None:
    at = random_.randrange(len(made) + 1)
    del made[at : at + random_.randrange(1, 40)]


def _move(made: bytearray, random_: random.Random) -> None:
    at, to = random_.randrange(len(made) + 1), random_.randrange(len(made) + 1)
    made[to:to] = made[at : at + random_.randrange(1, 40)]


def _digits(made: bytearray, random_: random.Random) -> None:
    """Another number, sign or sign of JSON where there is one."""
    places = [i for i, byte in enumerate(made) if chr(byte) in '0123456789-,:[]{}"']
    if places:
        made[random_.choice(places)] = ord(random_.choice('0129-,:[]{}"eE.n'))


CHANGES = (_bit, _byte, _edge, _double, _cut, _move, _digits)


def _tally(mutants: Iterator[bytes], wrap: Callable[[bytes], bytes], path: Path) -> Counter[str]:
    """How many were read, how many refused; anything else fails here, with the mutant in its file."""
    tally: Counter[str] = Counter()
    for mutant in mutants:
        path.write_bytes(wrap(mutant))
        try:
            contents_from(outline_of(path))
            tally["read"] += 1
        except UserError as error:
            sentence = str(error)
            assert sentence.isprintable() and len(sentence) <= SENTENCE, sentence  # noqa: PT018
            tally["refused"] += 1
    return tally


def _pickles(count: int, seed: int, path: Path) -> Counter[str]:
    records = _records()
    return _tally(_mutants(_data_pickle(), count, seed), lambda mutant: code.zipped(mutant, records), path)


def _headers(count: int, seed: int, path: Path) -> Counter[str]:
    whole = save(state_dict(), {"format": "pt"})
    end = 8 + struct.unpack("<Q", whole[:8])[0]

    def wrap(mutant: bytes) -> bytes:
        """Mostly with a length that fits, or nothing else would ever be looked at."""
        length = whole[:8] if mutant[:1] == b"\0" else struct.pack("<Q", len(mutant))
        return length + mutant + whole[end:]

    return _tally(_mutants(whole[8:end], count, seed), wrap, path)


def test_that_mutated_pickles_are_read_or_refused(tmp_path: Path) -> None:
    tally = _pickles(QUICK, 1, tmp_path / "mutant.pth")
    assert sum(tally.values()) == QUICK
    assert tally["refused"] > QUICK // 2


def test_that_mutated_headers_are_read_or_refused(tmp_path: Path) -> None:
    tally = _headers(QUICK, 2, tmp_path / "mutant.safetensors")
    assert sum(tally.values()) == QUICK
    assert tally["refused"] > QUICK // 2


def test_that_mutated_legacy_files_are_read_or_refused(tmp_path: Path) -> None:
    sound = saved(CHECKPOINT, old=True)
    tally = _tally(_mutants(sound, QUICK // 2, 3), bytes, tmp_path / "mutant.pth")
    assert tally["refused"] > QUICK // 8


def test_that_a_mutated_zip_file_is_refused_or_says_the_same(tmp_path: Path) -> None:
    """The structure is checked strictly and the contents by their checksums; what is left are dates and the like."""
    path, expected = tmp_path / "mutant.pth", state_dict()
    read = 0
    for mutant in _mutants(code.zipped(_data_pickle(), _records()), QUICK // 2, 4):
        path.write_bytes(mutant)
        with contextlib.suppress(UserError):
            found = contents_from(outline_of(path)).tensors
            read += 1
            assert found.keys() == expected.keys()
            assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert read < QUICK // 20


def test_that_pickles_of_random_operations_are_refused(tmp_path: Path) -> None:
    random_ = random.Random(5)
    operations = [opcode.code.encode("latin1") for opcode in pickletools.opcodes]

    def noise() -> Iterator[bytes]:
        for _ in range(QUICK):
            parts = (random_.choice(operations) + random_.randbytes(random_.choice((0, 0, 1, 4))) for _ in range(40))
            yield b"\x80\x02" + b"".join(parts) + b"."

    assert _tally(noise(), code.zipped, tmp_path / "noise.pth") == {"refused": QUICK}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_that_100000_mutated_pickles_are_read_or_refused(tmp_path: Path) -> None:
    assert sum(_pickles(LONG, 11, tmp_path / "mutant.pth").values()) == LONG


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_that_100000_mutated_headers_are_read_or_refused(tmp_path: Path) -> None:
    assert sum(_headers(LONG, 12, tmp_path / "mutant.safetensors").values()) == LONG

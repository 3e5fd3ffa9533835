"""Hostile files through the door that everybody uses: ``jobs.read_version`` and its own child for each file."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
import torchvision
from hostile import Hostile, corpus, graphs
from hostile.case import Listener, laid
from safetensors.torch import save_file

from mpt_studio import jobs, paths
from mpt_studio.errors import UserError
from mpt_studio.jobs import reader_process
from mpt_studio.store import Store

from ..tiny_onnx import tiny_graph

REPRESENTATIVE = (
    "os.system-zip",
    "builtins.eval-zip",
    "_rebuild_from_type_v2 (zip)",
    "40 GB in 400 bytes",
    "100,000 copies of a text",
    "3 GB in 3 MB",
    "1.6 million empty tensors",
    "two data.pkl",
    "duplicate keys",
    "LFS pointer",
    "torch.package",
    "FIFO",
    "shard above",
    "ONNX data above",
    "escapes in the file's name",
)


class Door:
    """Opens cases one after the other and looks at the canary."""

    def __init__(self, base: Path) -> None:
        self.base, self.listener, self.count = base, Listener(), 0
        self.session = jobs.Session(Store(base / "store"))

    def refusal(self, case: Hostile) -> str:
        """The sentence; what should not be fails here."""
        self.count += 1
        home = self.base / str(self.count)
        canary, path = laid(case, home, self.listener.port)
        sentence = self._refused(path, case)
        assert not canary.has_sung()
        assert not self.listener.knocks()
        return sentence

    def _refused(self, path: Path, case: Hostile) -> str:
        try:
            jobs.read_version(self.session, path)
        except UserError as error:
            return str(error)
        pytest.fail(f"{case.group}: {case.name} was read")


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path)
    yield made
    made.listener.close()


def _is_sentence(text: str) -> bool:
    return text.isprintable() and len(text) <= 200 and text.endswith((".", "…"))


def _named(name: str) -> Hostile:
    return next(case for case in corpus() if case.name.startswith(name))


def test_that_representative_hostile_files_are_refused_through_the_real_door(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))  # in the tests' own, killed readers leave folders
    sentences = [door.refusal(_named(name)) for name in REPRESENTATIVE]
    assert [text for text in sentences if not _is_sentence(text)] == []
    assert list((paths.cache_dir() / "versions").glob(".reading-*")) == []


def test_that_a_graph_without_end_is_ended_by_the_clock(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reader_process._SECONDS, "trying", 2.0)
    assert "it took more than 2 s" in door.refusal(graphs.endless())


def _as_pth(path: Path) -> None:
    torch.save(_shufflenet().state_dict(), path)


def _as_safetensors(path: Path) -> None:
    save_file(_shufflenet().state_dict(), path)


def _as_zip_less(path: Path) -> None:
    torch.save(_shufflenet().state_dict(), path, _use_new_zipfile_serialization=False)


def _as_script(path: Path) -> None:
    torch.jit.save(torch.jit.script(_shufflenet().eval()), path)


def _as_onnx(path: Path) -> None:
    onnx.save(tiny_graph(softmax=True, metadata={"mean": "[0.5, 0.5, 0.5]", "names": "{0: 'a', 1: 'b', 2: 'c'}"}), path)


def _shufflenet() -> torch.nn.Module:
    return torchvision.models.shufflenet_v2_x0_5(num_classes=3)


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.pth", _as_pth), ("a.safetensors", _as_safetensors), ("old.pth", _as_zip_less), ("a.pt", _as_script),
     ("a.onnx", _as_onnx)],
)  # fmt: skip
def test_that_good_files_are_read_through_the_real_door(door: Door, tmp_path: Path, name: str, write: Any) -> None:
    """Behind the walls nothing may be imported: what a reader needs has to be there before."""
    write(tmp_path / name)
    assert jobs.read_version(door.session, tmp_path / name).classes == 3


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_that_every_hostile_file_is_refused_through_the_real_door(door: Door) -> None:
    bad = [case.name for case in corpus() if not _is_sentence(door.refusal(case))]
    assert bad == []


def test_that_hostile_files_beside_good_weights_neither_hang_nor_harm(tmp_path: Path) -> None:
    """Class names and preprocessing are looked for beside the weights: pipes, endless and deeply nested files there."""
    torch.save(torchvision.models.shufflenet_v2_x0_5(num_classes=3).state_dict(), tmp_path / "good.pth")
    os.mkfifo(tmp_path / "labels.txt")
    (tmp_path / "classes.txt").symlink_to("/dev/zero")
    (tmp_path / "class_names.txt").write_bytes(b"\xff\xfe\x00" * 999)
    (tmp_path / "config.json").write_text('{"id2label":' * 100_000)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"size": {"height": -(10**30)}, "image_mean": "x"}))
    (tmp_path / "class_to_idx.json").write_text(json.dumps({"a": 10**30, "b": -1, "\x1b[31m": 2}))
    started = time.monotonic()
    found = jobs.read_version(jobs.Session(Store(tmp_path / "store")), tmp_path / "good.pth")
    assert found.class_names == ()
    assert all(note.isprintable() for note in found.notes)
    assert time.monotonic() - started < 120

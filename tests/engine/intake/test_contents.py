"""What a file holds, or a folder of several."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from layouts import Weights, read_contents, same
from safetensors.torch import save_file


@pytest.mark.parametrize("named", ["folder", "index"])
def test_that_hugging_face_shards_are_read(weights: Weights, tmp_path: Path, named: str) -> None:
    first, second = (f"model-0000{i}-of-00002.safetensors" for i in (1, 2))
    where = {name: first if name.startswith("stem") else second for name in weights}
    for shard in (first, second):
        save_file({name: weights[name] for name in weights if where[name] == shard}, tmp_path / shard)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": where}))
    (tmp_path / "config.json").write_text('{"architectures": ["Small"]}')
    found = read_contents(tmp_path if named == "folder" else index)
    assert same(found.tensors, weights)
    assert [path.name for path in found.files] == [first, second]
    assert found.container == ("Hugging Face folder" if named == "folder" else "sharded safetensors")


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_that_a_hugging_face_folder_is_read(weights: Weights, tmp_path: Path, name: str) -> None:
    (save_file if name.endswith("safetensors") else torch.save)(weights, tmp_path / name)
    (tmp_path / "config.json").write_text("{}")
    found = read_contents(tmp_path)
    assert same(found.tensors, weights)
    assert found.container == "Hugging Face folder"

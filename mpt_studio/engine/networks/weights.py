"""Tensors on disk: safetensors with a SHA-256 over their content in the header, checked on loading.

A flipped bit loads silently from any tensor format, so we keep our own hash (about 0.1 s per 100 MB).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from mpt_studio.checkpoint import HEADER_KEY, SHA256_KEY, Checkpoint
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.onnx_file import ARCHITECTURE as ONNX
from mpt_studio.engine.networks.onnx_network import OnnxNetwork
from mpt_studio.engine.networks.outline import without_filling
from mpt_studio.errors import Damaged, UserError, a_few, one_sentence
from mpt_studio.files import tensor_header


def save_tensors(path: Path, tensors: Mapping[str, Tensor], key: str, values: Mapping[str, Any]) -> None:
    """Write tensors, and plain values as JSON in the header entry ``key`` with a hash of both.

    The same content gives the same bytes. Not atomic by itself: write through ``paths.replace_file``. Raises
    ``OSError`` where the disk refuses.
    """
    plain = {name: value.detach().cpu().clone(memory_format=torch.contiguous_format) for name, value in tensors.items()}
    record = {**values, SHA256_KEY: content_hash(plain, values)}
    try:
        save_file(plain, str(path), metadata={key: json.dumps(record, ensure_ascii=False)})
    except SafetensorError as error:
        raise _system_error(error, path) from error


def _system_error(error: SafetensorError, path: Path) -> OSError:
    """What the system said when a file was written, which the library passes on as text."""
    said = re.search(r"\(os error (\d+)\)", str(error))
    code = int(said[1]) if said else errno.EIO
    return OSError(code, os.strerror(code) if said else str(error), str(path), code)  # the last is for Windows


def load_tensors(path: Path, key: str, what: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and values of a file of ours. Raises ``Damaged`` where it is missing, foreign or damaged."""
    if not path.exists():
        raise Damaged(f"There is no {what} at {path}.")
    try:
        if not tensor_header.read_header(path).is_canonical():
            raise Damaged(f"The {what} {path} is damaged: its header was changed after it was written.")
        with safe_open(str(path), framework="pt") as opened:
            text = (opened.metadata() or {}).get(key, "")
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a mapping
    except PermissionError:
        raise UserError(f"There is no permission to read the {what} {path}; change it.") from None
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise Damaged(f"The {what} {path} is damaged or not ours ({one_sentence(str(error), 120)}).") from None
    values = _values(text)
    if values is None:
        raise Damaged(f"The {what} {path} is damaged or not ours: its header cannot be read.")
    recorded = values.pop(SHA256_KEY, None)  # missing where a bit of the entry's own name was flipped
    if recorded != content_hash(tensors, values):
        raise Damaged(f"The {what} {path} is damaged: its content does not match its checksum; use another copy.")
    return tensors, values


def _values(text: str) -> dict[str, Any] | None:
    try:
        values = json.loads(text)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def content_hash(tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> str:
    """Hex SHA-256 over names, types, shapes and bytes of contiguous CPU tensors, and over the header's values."""
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        if value.numel():
            digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def save_network(path: Path, tensors: Mapping[str, Tensor], checkpoint: Checkpoint) -> None:
    """Write a version's weights under the header that describes them."""
    save_tensors(path, tensors, HEADER_KEY, json.loads(checkpoint.header()[HEADER_KEY]))


def load_network(checkpoint: Checkpoint, device: torch.device | None = None) -> nn.Module:
    """The version's network with its weights, on the CPU, in evaluation mode; an ONNX graph is made for ``device``.

    Raises ``UserError`` when tensors are missing, left over or of another shape, naming the first ones, and when
    the content does not match its checksum.
    """
    if checkpoint.architecture == ONNX:
        return OnnxNetwork(checkpoint, device)
    tensors, _ = load_tensors(Path(checkpoint.path), HEADER_KEY, "checkpoint")
    size = checkpoint.preprocessing.image_size
    classes, small = len(checkpoint.class_names), checkpoint.small_stem
    with torch.random.fork_rng(devices=[]):
        network = without_filling(lambda: networks.build(checkpoint.architecture, classes, small, size))
    own = network.state_dict()
    _check_tensors(checkpoint, tensors, own)
    own.update(tensors)  # and not the tensors alone: MNASNet asks for the version that its state dict carries
    network.load_state_dict(own)
    return network.eval()


def _check_tensors(checkpoint: Checkpoint, found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    missing = [name for name in expected if name not in found]
    left_over = [name for name in found if name not in expected]
    other = [name for name in expected if name in found and found[name].shape != expected[name].shape]
    for names, problem in ((missing, "lacks"), (left_over, "has the unknown"), (other, "has other shapes for the")):
        if names:
            what = f"{checkpoint.path} does not fit the architecture {one_sentence(checkpoint.architecture, 40)}"
            raise UserError(f"{what}: it {problem} tensors {a_few(names, 3)}.")

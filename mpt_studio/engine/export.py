"""A version written for deployment: a PyTorch file, an ONNX graph, our own .safetensors, or the list of its labels.

Nothing is taken on trust: what was written is opened again the way its users will open it, and answers the same images.
Where the answers differ the caller's temporary file never becomes the real one. A logit offset goes into the last bias;
where there is none, a graph gets a last layer for it.

- ``pth``: ``torch.load(path, weights_only=True)`` gives {"state_dict", "arch", "small_stem", "class_names",
  "preprocessing"} and what was decided, all but the first plain values. With torchvision's architectures and without
  the small stem, ``torchvision.models.get_model(arch, num_classes=…)`` takes the state dict.
- ``onnx``: one input "images" for any N, one output "logits" (N, C). The input is float32 (N, 3, S, S), normalised as
  the metadata say under "preprocessing" (JSON); with preprocessing ``inside`` it is whole pixels, uint8 (N, S, S, 3).
- ``safetensors``: our own file, header and checksum included.
- ``labels``: one class name per line, in the order of the outputs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mpt_studio.checkpoint import HEADER_KEY, Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.data.dataset import Dataset, Indices, Progress
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.head import fold_offset
from mpt_studio.engine.networks.onnx_file import ARCHITECTURE as ONNX
from mpt_studio.engine.networks.onnx_file import content_of
from mpt_studio.engine.networks.onnx_file import normalise as normalised
from mpt_studio.engine.networks.onnx_graph import INSTALL, LARGEST, with_offset
from mpt_studio.engine.networks.weights import load_network, save_network
from mpt_studio.engine.version import FrozenVersion, Normalise
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files import onnx_header
from mpt_studio.files.onnx_header import OPSETS, Inside
from mpt_studio.predictions import Predictions

Format = Literal["pth", "onnx", "safetensors", "labels"]
SAMPLES = 4
TOLERANCE: dict[Format, float] = {"pth": 0.0, "safetensors": 0.0, "onnx": 1e-3}
"""Largest difference of a logit, in units of the largest one; another runtime adds up in another order."""
LEAST = 1e-3
"""Logits of networks that nobody trained may all be zero."""


@dataclass(frozen=True)
class Exported:
    """What was written and how it was checked."""

    difference: float | None
    """Largest difference of any logit between the version and what was written; None where nothing was run."""
    samples: int
    """Images that both answered."""
    notes: tuple[str, ...] = ()
    """What its user has to know, one sentence each."""
    opset: int | None = None
    """Of a graph."""


@dataclass(frozen=True)
class Decided:
    """A version as it is to be written."""

    checkpoint: Checkpoint
    """What the file says of itself; its path is that of the weights as trained."""
    network: nn.Module | None = None
    """In place of the weights at that path."""
    offset: tuple[float, ...] = ()
    """Subtracted from each logit; empty for none."""

    def load(self) -> nn.Module:
        """Its network, without the offset."""
        return self.network or load_network(self.checkpoint)

    def record(self) -> dict[str, Any]:
        """What plain weights do not have: the decision, as the header's figures tell it."""
        told = self.checkpoint.figures
        return {name: told[name] for name in ("logit_offset", "interpolation") if name in told}


def export(
    version: Decided, form: Format, target: Path, *, preprocessing: Inside = "outside", opset: int | None = None
) -> Exported:
    """Write a version to ``target`` and check what was written. Write through ``paths.replace_file``.

    ``preprocessing`` and ``opset`` are for ``onnx`` only. Raises ``UserError`` where the version cannot be written in
    this form or what was written answers differently.
    """
    _check_options(form, preprocessing, opset)
    if form == "labels":
        return _write_labels(version.checkpoint, target)
    if version.checkpoint.architecture == ONNX:
        return _copy_graph(version, form, target, as_it_is=preprocessing == "outside" and opset is None)
    if form == "onnx":
        return _write_onnx(version, target, preprocessing, opset or OPSETS[0])
    network, checkpoint = version.load(), version.checkpoint
    size, offset = checkpoint.preprocessing.image_size, torch.tensor(version.offset)
    if version.offset and not fold_offset(network, size, offset):
        arch = one_sentence(checkpoint.architecture, 60)
        raise UserError(f"{arch} does not end in a bias that γ could go into; export ONNX, which gets a layer for it.")
    (_write_pth if form == "pth" else _write_safetensors)(version, network, target)
    return _compared(form, checkpoint, network, target, notes=_pth_notes(checkpoint) if form == "pth" else ())


def _check_options(form: Format, preprocessing: Inside, opset: int | None) -> None:
    if preprocessing not in get_args(Inside):
        raise UserError(f"Preprocessing can be inside or outside, not {one_sentence(str(preprocessing), 40)!r}.")
    if preprocessing == "inside" and form != "onnx":
        raise UserError("Only an ONNX graph can hold its preprocessing; leave it outside for other formats.")
    if opset is not None and form != "onnx":
        raise UserError("Only an ONNX graph has an opset; leave it out for other formats.")
    if opset is not None and opset not in OPSETS:
        raise UserError(f"Opset {opset} cannot be written; choose one of {OPSETS[0]} to {OPSETS[-1]}.")


def opened(form: Format, target: Path, checkpoint: Checkpoint, device: torch.device) -> FrozenVersion:
    """What was written, as its users load it. ``checkpoint`` describes it where the file has no header of ours."""
    if form != "pth":
        return FrozenVersion(read_checkpoint(target), device)
    found = torch.load(target, map_location="cpu", weights_only=True)
    size = checkpoint.preprocessing.image_size
    with torch.random.fork_rng(devices=[]):
        network = networks.build(found["arch"], len(found["class_names"]), found["small_stem"], size)
    network.load_state_dict(found["state_dict"])
    return FrozenVersion(dataclasses.replace(checkpoint, path=str(target)), device, network.eval())


def answers(
    form: Format, target: Path, checkpoint: Checkpoint, dataset: Dataset, indices: Indices, *, progress: Progress
) -> Predictions:
    """What the file that was written answers, opened as its users do."""
    device = devices.choose("auto")
    version = opened(form, target, checkpoint, device)
    return evaluate(version.checkpoint, dataset, indices, device=str(device), progress=progress, version=version)


def _write_labels(checkpoint: Checkpoint, target: Path) -> Exported:
    target.write_bytes(checkpoint.labels().encode())
    if tuple(target.read_bytes().decode().split("\n")[:-1]) != checkpoint.class_names:
        raise UserError("The labels that were written are not those of the version; nothing was kept.")
    return Exported(None, 0)


def _write_pth(version: Decided, network: nn.Module, target: Path) -> None:
    checkpoint = version.checkpoint
    record = {
        "state_dict": network.state_dict(),
        "arch": checkpoint.architecture,
        "small_stem": checkpoint.small_stem,
        "class_names": list(checkpoint.class_names),
        "preprocessing": _plain(checkpoint.preprocessing),
        **version.record(),
    }
    torch.save(record, target)


def _write_safetensors(version: Decided, network: nn.Module, target: Path) -> None:
    save_network(target, network.state_dict(), version.checkpoint)


def _pth_notes(checkpoint: Checkpoint) -> tuple[str, ...]:
    arch = one_sentence(checkpoint.architecture, 60)
    if checkpoint.architecture == networks.SMALL:
        return ("The architecture small is MPT Studio's own: only it can load these weights; export ONNX for others.",)
    if checkpoint.small_stem:
        return (f"{arch} has the stem for small images here, so torchvision's own takes all weights but the first.",)
    return ()


def _write_onnx(version: Decided, target: Path, preprocessing: Inside, opset: int) -> Exported:
    _check_packages()
    checkpoint, is_inside = version.checkpoint, preprocessing == "inside"
    network = version.load()
    offset = torch.tensor(version.offset)
    if version.offset and not fold_offset(network, checkpoint.preprocessing.image_size, offset):
        network = nn.Sequential(network, _Less(offset)).eval()
    whole = nn.Sequential(_Prepare(checkpoint.preprocessing), network).eval() if is_inside else network
    size = checkpoint.preprocessing.image_size
    images = torch.zeros(2, size, size, 3, dtype=torch.uint8) if is_inside else torch.zeros(2, 3, size, size)
    takes = (
        f"whole pixels, uint8 (N, {size}, {size}, 3) in the order RGB, and normalises them itself; resizing and "
        "cropping stay outside"
        if is_inside
        else f"float32 (N, 3, {size}, {size}), normalised as its metadata say"
    )
    described = _as_graph(checkpoint, is_inside, takes)
    metadata = {**_metadata(described, version), "input": takes}
    graph = _traced(whole, images, metadata, one_sentence(checkpoint.architecture, 60), opset)
    target.write_bytes(onnx_header.sealed(graph, described.header()[HEADER_KEY]))
    done = _compared("onnx", checkpoint, network, target, (f"The graph takes {takes}; its opset is {opset}.",))
    return dataclasses.replace(done, opset=opset)


def _copy_graph(version: Decided, form: Format, target: Path, *, as_it_is: bool) -> Exported:
    checkpoint = version.checkpoint
    if form != "onnx" or not as_it_is:
        raise UserError(f"{checkpoint.name} is an ONNX graph: it can be written as onnx as it is, or its labels alone.")
    network: nn.Module = load_network(checkpoint)
    if version.offset:
        network = nn.Sequential(network, _Less(torch.tensor(version.offset)))
        content = with_offset(content_of(Path(checkpoint.path)), version.offset)
        target.write_bytes(onnx_header.sealed(content, checkpoint.header()[HEADER_KEY]))
    else:
        normalised(Path(checkpoint.path), target, checkpoint)
    return _compared("onnx", checkpoint, network, target)


def _as_graph(checkpoint: Checkpoint, is_inside: bool, takes: str) -> Checkpoint:
    """The description that goes into the graph: it only answers, so there is nothing to train on."""
    way = checkpoint.preprocessing
    if is_inside:
        way = dataclasses.replace(way, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    origin = f"Exported from {checkpoint.architecture}{' with the small stem' if checkpoint.small_stem else ''}."
    return dataclasses.replace(
        checkpoint,
        path="",
        architecture=ONNX,
        small_stem=False,
        preprocessing=way,
        notes=(*checkpoint.notes, f"It takes {takes}.", origin),
    )


class _Less(nn.Module):
    """(B, C) logits → less an offset for each class: a last layer."""

    def __init__(self, offset_C: Tensor) -> None:
        super().__init__()
        self.register_buffer("offset", offset_C)

    def forward(self, logits: Tensor) -> Tensor:
        return logits - self.offset  # type: ignore[operator]


class _Prepare(nn.Module):
    """(B, S, S, 3) whole pixels → (B, 3, S, S) normalised."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(getattr(preprocessing, name)).reshape(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        return (images.permute(0, 3, 1, 2).float() / 255 - self.mean) / self.std  # type: ignore[operator]


def _check_packages() -> None:
    for name in ("onnx", "onnxruntime", "onnxscript"):
        try:
            importlib.import_module(name)
        except ImportError:
            raise UserError(f"{INSTALL}.") from None


def _traced(network: nn.Module, images: Tensor, metadata: dict[str, str], arch: str, opset: int) -> bytes:
    """The graph of a network, for any number of such images, with names and preprocessing in its metadata."""
    total = sum(value.numel() * value.element_size() for value in network.state_dict().values())
    if total > LARGEST - (64 << 20):
        raise UserError(f"The weights have {total / 1e9:.1f} GB and one ONNX file holds 2 GB; export safetensors.")
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                (images,),
                dynamo=True,
                opset_version=opset,
                verbose=False,
                input_names=["images"],
                output_names=["logits"],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
            )
    except Exception as error:  # tracing runs all of the network's code
        raise UserError(f"PyTorch cannot write {arch} as an ONNX graph ({one_sentence(str(error), 120)}).") from error
    assert program is not None
    model = program.model_proto
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    found: bytes = model.SerializeToString()
    return found


def _metadata(described: Checkpoint, version: Decided) -> dict[str, str]:
    """For other programs; ours reads its own header."""
    return {
        **{key: f"{value:.9g}" for key, value in version.record().items()},
        "class_names": json.dumps(described.class_names, ensure_ascii=False),
        "preprocessing": json.dumps(_plain(described.preprocessing)),
    }


def _plain(preprocessing: Preprocessing) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(preprocessing).items()}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter tells every step in many places."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    before = [logger.level for logger in loggers]
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            for logger in loggers:
                logger.setLevel(logging.CRITICAL)
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _compared(
    form: Format, checkpoint: Checkpoint, network: nn.Module, target: Path, notes: tuple[str, ...] = ()
) -> Exported:
    """Let the version and what was written answer the same images."""
    written = opened(form, target, checkpoint, torch.device("cpu"))
    images = _images(checkpoint.preprocessing.image_size)
    expected = _answers(network, Normalise(checkpoint.preprocessing)(images))
    found = _answers(written.network, written.normalise(images))
    difference = float((found - expected).abs().max())
    if not difference <= TOLERANCE[form] * max(LEAST, float(expected.abs().max())):
        raise UserError(
            f"What was written answers differently from the version (a logit differs by {difference:.3g}), "
            "so it was not kept; try another format."
        )
    return Exported(difference, len(images), notes)


@torch.no_grad()
def _answers(network: nn.Module, images: Tensor) -> Tensor:
    """In two unequal batches: a graph is for any number of images."""
    return torch.cat([network(images[:1]), network(images[1:])])


def _images(size: int) -> Tensor:
    """(4, S, S, 3) uint8: patches of colour with fine noise."""
    generator = torch.Generator().manual_seed(0)
    patches = torch.randint(0, 256, (SAMPLES, 3, 6, 6), generator=generator).float()
    noise = torch.randn(SAMPLES, 3, size, size, generator=generator) * 12
    drawn = F.interpolate(patches, size=(size, size), mode="bilinear", align_corners=False) + noise
    return drawn.clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()

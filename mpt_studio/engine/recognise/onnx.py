"""What an ONNX file is, found in the limited child by reading its graph and trying it on noise."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.engine.networks import onnx_run
from mpt_studio.engine.networks.onnx_file import ARCHITECTURE, content_of, refusal
from mpt_studio.engine.networks.onnx_graph import MOST_CLASSES, ONE_OUTPUT, Graph, read_graph
from mpt_studio.engine.networks.onnx_run import OnnxRun
from mpt_studio.engine.recognise import (
    class_names,
    evidence,
    onnx_metadata,
    preprocessing,
    processor,
    told,
    values,
)
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files import onnx_header
from mpt_studio.files.plain import sha256_of
from mpt_studio.predictions.scores import doubt_about
from mpt_studio.reading import NOTHING_CHOSEN, Candidate, Choices, Need, Reading

if TYPE_CHECKING:
    from mpt_studio.engine.recognise.evidence import Evidence
    from mpt_studio.engine.recognise.values import FoundPreprocessing


TRIAL_SIZE = 224
"""Side of the images that a graph is tried on where it takes any."""


def warm_up() -> None:
    """Start all that ``describe`` needs, while memory is not counted and importing is allowed: later it is not."""
    with suppress(UserError):  # packages that lack: ``describe`` says it, with the file's name
        onnx_run.warm_up()
    torch.randn(2, 3, 8, 8).abs().max()


def describe(path: Path, choices: Choices = NOTHING_CHOSEN, data_classes: tuple[str, ...] = ()) -> Reading:
    """What an ONNX file is, and what a person still has to say about it. Runs in the limited child.

    The graph is tried on noise, so that what cannot be run, or not within the child's limits, is refused here. The
    reading's checkpoint has no path yet: ``normalise`` writes its file. Raises ``UserError``, one sentence.
    """
    try:
        return _described(path, choices, data_classes)
    except UserError as error:
        raise refusal(path, error) from None


def _described(path: Path, choices: Choices, data_classes: tuple[str, ...]) -> Reading:
    if choices.arch not in ("", ARCHITECTURE):
        raise UserError(f"is an ONNX graph and has no other architecture; leave {one_sentence(choices.arch, 40)} out")
    if choices.weights:
        raise UserError("is an ONNX graph, which holds its weights once; leave --weights out")
    content = content_of(path)
    graph = read_graph(content)
    if onnx_header.is_broken(content):
        raise UserError("is damaged: its content does not match its checksum; use another copy")
    said = evidence.gather(path, onnx_metadata.values(graph.metadata), "", "")
    images = _images(graph, said, choices)
    way = images.preprocessing
    if way and graph.takes == "uint8":  # mean and deviation are inside, whatever is told of them
        way = dataclasses.replace(way, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    network = OnnxRun(content, graph)
    classes, notes = _tried(network, graph.image_size or (way.image_size if way else TRIAL_SIZE))
    names = class_names.find(said, classes, choices, data_classes, class_names.Names())
    lacking: dict[Need, bool] = {"class_names": not names.names, "preprocessing": way is None}
    reading = Reading(
        path=str(path),
        sha256=sha256_of(path),
        bytes=len(content),
        container="ONNX",
        tensors=graph.tensors,
        parameters=graph.parameters,
        classes=classes,
        candidates=(Candidate(arch=ARCHITECTURE),),
        class_names=names.names,
        class_names_from=names.source,
        preprocessing=way,
        preprocessing_from=images.source,
        notes=(*_notes(graph), *notes, *names.notes, *images.notes),
        needs=tuple(need for need, is_lacking in lacking.items() if is_lacking),
        reasons=evidence.reasons_of(names.notes, images.notes),
    )
    return dataclasses.replace(reading, checkpoint=_checkpoint(reading))


def _checkpoint(reading: Reading) -> Checkpoint | None:
    if reading.needs or reading.preprocessing is None:
        return None
    return Checkpoint(
        architecture=ARCHITECTURE,
        small_stem=False,
        class_names=reading.class_names,
        preprocessing=reading.preprocessing,
        source=one_sentence(Path(reading.path).name, 200),
        notes=reading.notes,
    )


def _images(graph: Graph, said: Evidence, choices: Choices) -> FoundPreprocessing:
    """The preprocessing: a person's choice, the file's, or that of a Hugging Face export's processor beside it."""
    chosen = choices.preprocessing
    if chosen is None:
        found = next((f for f in _told(graph, said) if f.preprocessing or f.notes), values.FoundPreprocessing())
        return found if _fits(graph, found.preprocessing) else _of_other_size(graph, found)
    if not _fits(graph, preprocessing.in_range(chosen)):
        own = graph.image_size
        raise UserError(f"takes images of {own} pixels, not {chosen.image_size}; choose an image size of {own}")
    return values.FoundPreprocessing(preprocessing=chosen, source="your choice")


def _of_other_size(graph: Graph, found: FoundPreprocessing) -> FoundPreprocessing:
    way = found.preprocessing
    other = f"{found.source} says {way.image_size} pixels, but the graph takes {graph.image_size}." if way else ""
    notes = (*found.notes, *([other[:1].upper() + other[1:]] if other else []))
    return dataclasses.replace(found, preprocessing=None, source="", notes=notes)


def _fits(graph: Graph, way: Preprocessing | None) -> bool:
    return way is not None and graph.image_size in (0, way.image_size)


def _told(graph: Graph, said: Evidence) -> Iterator[FoundPreprocessing]:
    own = Preprocessing(image_size=graph.image_size, mean=(0, 0, 0), std=(1, 1, 1), interpolation="bilinear")
    yield told.found_in(said.extras, own if graph.image_size else None, "the file")
    if said.processor:
        yield processor.read(said.processor)
    yield told.found_in(said.config, own if graph.image_size else None, "config.json")


def _tried(network: OnnxRun, size: int) -> tuple[int, tuple[str, ...]]:
    """The number of outputs, and what was odd about two pictures of noise."""
    noise = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    answers = torch.from_numpy(network.logits(noise.numpy()))
    classes = answers.shape[1]
    if classes == 1:
        raise UserError(ONE_OUTPUT)
    if classes > MOST_CLASSES:
        raise UserError(f"gives {classes:,} outputs, more than the {MOST_CLASSES:,} classes that are read")
    odd = [] if answers.isfinite().all() else ["It answers noise with values that are not finite."]
    doubt = "" if network.graph.ends_in else doubt_about(answers.numpy())
    return classes, (*odd, *filter(None, [doubt]))


def _notes(graph: Graph) -> tuple[str, ...]:
    notes = ["It is an ONNX graph: it can be evaluated and compared, but not trained on."]
    if graph.ends_in == "Softmax":
        notes.append("It gives probabilities; their logarithm is taken, so that margins are differences of logits.")
    if graph.ends_in == "Sigmoid":
        notes.append("It gives a probability of each class by itself (sigmoid); their logits log(p/(1 − p)) are taken.")
    if graph.layout == "NHWC":
        notes.append("It takes images with channels last.")
    if graph.takes == "float16":
        notes.append("It takes float16.")
    if graph.takes == "uint8":
        notes.append("It takes whole pixels, 0 to 255, and normalises them itself.")
    if graph.image_size:
        notes.append(f"It takes images of {graph.image_size} pixels.")
    if graph.batch:
        notes.append(f"It takes {graph.batch} image{'s' if graph.batch > 1 else ''} at once.")
    if graph.producer:
        notes.append(f"Written by {graph.producer}.")
    return tuple(notes)

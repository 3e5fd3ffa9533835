"""What lies beside exported weights, for those who deploy them: ``labels.txt`` and ``README.txt``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mpt_studio import paths
from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare import Decision
from mpt_studio.errors import one_sentence
from mpt_studio.store.disk import written_to
from mpt_studio.units import count

LABELS, README = "labels.txt", "README.txt"
_OPENED = {
    "pth": "torch.load(path, weights_only=True) gives state_dict, arch, small_stem, class_names, preprocessing.",
    "onnx": "One graph from images to logits (N, C).",
    "safetensors": "A file of MPT Studio, which opens it with all that is said here; its tensors have PyTorch's names.",
}


def write_beside(record: dict[str, Any], checkpoint: Checkpoint, decision: Decision, *, inside: bool) -> list[str]:
    """Both files beside the weights that a record of ``export`` is of; the paths of all three."""
    weights = Path(record["path"])
    texts = {LABELS: checkpoint.labels(), README: readme(record, checkpoint, decision, inside=inside)}
    for name, text in texts.items():
        with written_to(weights):
            paths.write_text(weights.with_name(name), text)
    return [str(weights), *(str(weights.with_name(name)) for name in texts)]


def readme(record: dict[str, Any], checkpoint: Checkpoint, decision: Decision, *, inside: bool) -> str:
    """What somebody needs to know who has nothing but the folder."""
    name = Path(record["path"]).name
    check, latency = record["check"], record["latency"]
    parts = {
        "What it is": [
            f"{_network(checkpoint)}, {count(len(checkpoint.class_names), 'class', 'classes')}, as {record['format']}.",
            _OPENED[record["format"]],
            *record["notes"],
        ],
        "Input": _input(checkpoint, record["format"] == "onnx", inside=inside),
        "Output": [
            f"One logit a class, in the order of {LABELS}: line 1 is output 0. The largest is the answer; softmax "
            "makes probabilities of them.",
            f"First: {_first(checkpoint.class_names)}",
        ],
        "What was decided": [_decided(decision)],
        "Made from": [
            *([f"run {checkpoint.run}"] if checkpoint.run else []),
            *([f"file {one_sentence(checkpoint.source, 200)}"] if checkpoint.source else []),
            f"SHA-256 of the weights it was made from: {record['made_from_sha256']}",
            f"SHA-256 of {name}: {record['sha256']}",
        ],
        "Measured": [line for line in ((check or {}).get("sentence"), (latency or {}).get("sentence")) if line],
        "How to check it": [
            f"sha256sum {name}",
            f"mpt-studio inspect {name}",
            f"mpt-studio compare OLD {name} --data DATA",
        ],
    }
    return "\n".join([name, "=" * len(name), *(_section(title, lines) for title, lines in parts.items() if lines), ""])


def _section(title: str, lines: list[str]) -> str:
    return "\n".join(["", title, "-" * len(title), *lines])


def _network(checkpoint: Checkpoint) -> str:
    arch = one_sentence(checkpoint.architecture, 60)
    return f"{arch} with the stem for small images" if checkpoint.small_stem else arch


def _input(checkpoint: Checkpoint, is_graph: bool, *, inside: bool) -> list[str]:
    way = checkpoint.preprocessing
    size = way.image_size
    mean, std = (", ".join(f"{value:.6g}" for value in values) for values in (way.mean, way.std))
    if way.crop == "squash":
        resized = f"resize both sides to {size} pixels"
    elif not way.resize:
        resized = f"cut the largest centred square and resize it to {size} pixels"
    else:
        resized = f"resize the shorter side to {way.resize} pixels and cut the centred square of {size}"
    steps = [
        "1. Decode the image; colours in the order red, green, blue; values 0 to 255.",
        f"2. {resized[0].upper()}{resized[1:]} ({way.interpolation}, with antialiasing, as Pillow does it).",
    ]
    if inside:
        return [
            f'uint8 (N, {size}, {size}, 3): whole pixels, channels last, in "images".',
            *steps,
            f"Nothing more: the graph divides by 255, subtracts the mean {mean} and divides by {std} itself.",
        ]
    if checkpoint.architecture == "onnx":
        takes = [note for note in checkpoint.notes if note.startswith("It takes ")]
        last = "3. Where the graph takes floating-point numbers: divide"
    else:
        takes = [f"float32 (N, 3, {size}, {size}), channels first{', in images' if is_graph else ''}."]
        last = "3. Divide"
    return [
        *takes,
        *steps,
        f"{last} by 255, subtract the mean {mean}, divide by the standard deviation {std}, per channel.",
    ]


def _first(names: tuple[str, ...], most: int = 5) -> str:
    shown = ", ".join(one_sentence(name, 60) for name in names[:most])
    return f"{shown}, …" if len(names) > most else shown


def _decided(decision: Decision) -> str:
    if not decision.record():
        return "Nothing but the weights: no logit offset (γ), nothing of the old model's weights (α)."
    gamma = "γ is subtracted from the logits of the new classes" if decision.gamma else ""
    alpha = "α is the share of the old model's weights" if decision.alpha else ""
    meaning = " and ".join(filter(None, (gamma, alpha)))
    return f"{decision.words()}, in the file already: {meaning}. Don't apply it again."

"""Make resources/architectures.json: what identifies each of torchvision's and timm's classification models.

    python packaging/make_architecture_index.py        (some ten minutes on one core; needs timm)

Every architecture is built without memory for its weights. Architectures whose tensors are the same are told apart by
what they compute: modules and their settings for two of timm's, the logits of the same random weights for one of
torchvision's beside timm's.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
import types
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.networks.outline import shapes_of, without_memory
from mpt_studio.engine.recognise import index

OF_TRAINING = ("drop", "num_classes", "_cfg", "training", "img_size", "grid_size", "patches", "resolution")
"""Parts of the names of settings that do not change what a trained network computes."""

Row = dict[str, Any]


def main() -> None:
    rows: list[Row] = []
    failed: dict[str, str] = {}
    for arch, small in _forms():
        try:
            rows.append(_row(arch, small))
        except Exception as error:
            failed[arch] = f"{type(error).__name__}: {error}"[:200]
    _tell_apart(rows)
    target = Path(__file__).resolve().parent.parent / "resources" / index.RESOURCE
    target.write_text(_json(rows), encoding="utf-8")
    print(f"{len(rows)} forms, {target.stat().st_size / 1000:.0f} kB; failed: {failed or 'none'}")


def _forms() -> Iterator[tuple[str, bool]]:
    """Every architecture, and its small-image stem where that has tensors of another shape."""
    for arch in networks.architectures():
        yield arch, False
        if arch == networks.SMALL or (arch.startswith(("resne", "wide_resnet", "densenet")) and "/" not in arch):
            yield arch, True


def _row(arch: str, small: bool) -> Row:
    size = index.own_size(arch)
    network = without_memory(lambda: networks.build(arch, index.UNUSUAL, small, size))
    entry = index.entry_of(arch, small, size, shapes_of(network))
    values = {**asdict(entry), "small_stem": int(small), "head": ",".join(entry.head), "function": _settings(network)}
    return {**values, "sketch": "".join(sorted(entry.sketch))}


def _settings(network: torch.nn.Module) -> str:
    """Hash of every module's class and settings: equal only where the same function is computed."""
    digest = hashlib.blake2b(digest_size=4)
    for name, module in network.named_modules():
        kept = {k: _plain(v) for k, v in vars(module).items() if not k.startswith("_") and not _of_training(k)}
        digest.update(f"{name} {type(module).__name__} {sorted(kept.items())}\n".encode())
    return digest.hexdigest()


def _of_training(name: str) -> bool:
    return any(part in name for part in OF_TRAINING)


def _plain(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return f"({', '.join(_plain(v) for v in value)})"
    if isinstance(value, dict):
        return _plain(sorted((str(k), _plain(v)) for k, v in value.items()))
    if isinstance(value, functools.partial):
        return f"partial {_plain(value.func)} {_plain(value.args)} {_plain(value.keywords)}"
    if isinstance(value, (types.FunctionType, type)):
        return value.__qualname__
    return repr(value) if isinstance(value, (bool, int, float, str, type(None))) else type(value).__name__


def _tell_apart(rows: list[Row]) -> None:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["names"], row["shapes"]), []).append(row)
    for group in groups.values():
        if len(group) == 1:
            group[0]["function"] = ""
        own = [row for row in group if not row["arch"].startswith(timm_networks.PREFIX)]
        for one in own:
            _join_equal(one, [row for row in group if row["arch"].startswith(timm_networks.PREFIX)])


def _join_equal(one: Row, others: list[Row]) -> None:
    """Give those of timm's that answer as torchvision's ``one`` its function."""
    firsts: dict[str, Row] = {row["function"]: row for row in reversed(others)}
    for function, other in firsts.items():
        if _answer_alike(one, other):
            for row in others:
                if row["function"] == function:
                    row["function"] = one["function"]


def _answer_alike(one: Row, other: Row) -> bool:
    torch.manual_seed(0)
    pair = [networks.build(row["arch"], 5, bool(row["small_stem"]), row["image_size"]).eval() for row in (one, other)]
    for name, tensor in pair[0].state_dict().items():
        if tensor.is_floating_point() and "var" not in name:
            tensor.add_(0.02 * torch.randn_like(tensor))
    pair[1].load_state_dict(pair[0].state_dict(), strict=False)
    images = torch.randn(1, 3, max(one["image_size"], 224), max(one["image_size"], 224))
    with torch.no_grad():
        first, second = (network(images) for network in pair)
    alike = bool((first - second).abs().max() <= 1e-4 * first.abs().max().clamp(min=1e-3))
    print(f"{one['arch']} and {other['arch']} compute {'the same' if alike else 'something else'}")
    return alike


def _json(rows: list[Row]) -> str:
    heads = sorted({row["head"] for row in rows})
    lines = [
        json.dumps(list({**row, "head": heads.index(row["head"])}.values()), separators=(",", ":")) for row in rows
    ]
    start = {"format": index.FORMAT, "timm": timm.__version__, "torchvision": torchvision.__version__.partition("+")[0]}
    return json.dumps({**start, "heads": heads})[:-1] + ', "rows": [\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    main()

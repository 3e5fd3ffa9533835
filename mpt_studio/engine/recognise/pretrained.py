"""Weights that torchvision and timm publish, through their own loaders and into their own caches."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, hub

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.recognise import told
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.plain import sha256_of


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """Published weights of an architecture."""

    architecture: str
    name: str
    """As the library calls them."""
    sha256: str
    """Of the library's file."""
    tensors: dict[str, Tensor]
    preprocessing: Preprocessing


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a library keeps a file of weights."""

    name: str
    """As the library calls the weights."""
    file: str
    folder: Path
    at: Path | None
    """The file itself, where it is there."""


def is_at_hand(arch: str) -> bool:
    """Whether the architecture's published weights are on this machine."""
    place = _place(arch)
    return place is not None and place.at is not None


def is_published(arch: str) -> bool:
    """Whether there are such weights anywhere."""
    return _place(arch) is not None


def have(arch: str) -> None:
    """Download the published weights where they are not at hand. Raises ``UserError`` as ``fetch`` does."""
    if not is_at_hand(arch):
        fetch(arch)


def fetch(arch: str) -> Pretrained:
    """The published weights, downloaded where they are not at hand.

    Raises ``UserError`` where there are none, and where they cannot be had: with the file's name and its folder.
    """
    place = _published(arch)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # libraries tell their progress where our answers go
            tensors = _loaded(arch)
    except Exception as error:  # libraries raise what their transports raise
        raise UserError(_unreachable(place, error)) from None
    file = (_place(arch) or place).at
    return Pretrained(
        architecture=arch,
        name=place.name,
        sha256=sha256_of(file) if file else place.name,
        tensors=tensors,
        preprocessing=preprocessing_of(arch),
    )


def preprocessing_of(arch: str) -> Preprocessing:
    """Of the published weights. Raises ``UserError`` where there are none, or the library does not record it."""
    _published(arch)
    if not arch.startswith(timm_networks.PREFIX):
        of_library: Preprocessing = _torchvision().preprocessing(_torchvision().default(arch))
        return of_library
    found = told.found_in(timm_networks.defaults(arch), None, "timm").preprocessing
    if found is None:
        raise UserError(f"timm does not say how {arch} wants its images; choose another architecture.")
    return found


def _loaded(arch: str) -> dict[str, Tensor]:
    if arch.startswith(timm_networks.PREFIX):
        return timm_networks.published(arch)
    found: dict[str, Tensor] = _torchvision().default(arch).get_state_dict(progress=True, check_hash=True)
    return found


def _published(arch: str) -> _Place:
    """Where they are kept. Raises ``UserError`` where there are none."""
    place = _place(networks.known(arch))
    if place is None:
        raise UserError(f"No weights of {arch} are published; choose another architecture, --start FILE or scratch.")
    return place


def _torchvision() -> Any:
    """Torchvision takes seconds to import: only for those who ask about its weights."""
    from mpt_studio.engine.recognise import torchvision_weights

    return torchvision_weights


def _place(arch: str) -> _Place | None:
    """None where nothing is published."""
    if arch == networks.SMALL:
        return None
    if arch.startswith(timm_networks.PREFIX):
        return _timm_place(arch) if timm_networks.is_installed() else None
    weights: Any = _torchvision().default(arch)
    return _hub_place(str(weights), weights.url)


def _hub_place(name: str, url: str) -> _Place:
    file, folder = url.rpartition("/")[2], Path(hub.get_dir()) / "checkpoints"
    return _Place(name=name, file=file, folder=folder, at=_there(folder / file))


def _timm_place(arch: str) -> _Place | None:
    known = timm_networks.defaults(arch)
    name, repository = f"{arch}.{known.get('tag', '')}".rstrip("."), known.get("hf_hub_id")
    if not repository:
        return _hub_place(name, known["url"]) if known.get("url") else None
    from huggingface_hub import constants, try_to_load_from_cache

    files = ("model.safetensors", "pytorch_model.bin")
    found = (try_to_load_from_cache(repository, file) for file in files)
    at = next((Path(path) for path in found if isinstance(path, str)), None)
    folder = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    return _Place(name=name, file=files[0], folder=folder, at=at)


def _there(path: Path) -> Path | None:
    return path if path.is_file() else None


def _unreachable(place: _Place, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == 28:
        return f"There is no room for the weights {place.name} in {place.folder}; make room there."
    offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
    return (
        f"The weights {place.name} could not be had{offline}: {one_sentence(str(error) or type(error).__name__, 100)}. "
        f"Put the file {place.file} into {place.folder}, name a weights file with --start, or take --start scratch."
    )

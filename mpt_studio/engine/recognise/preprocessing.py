"""How a version wants its images: from the file, from beside it, or from what its library records.

A wrong mean or standard deviation ruins a version silently. So what is only assumed is said in a note, and where not
even an assumption is sound (a network for small images, several possible ones), a person is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.recognise import processor, published, torchvision_weights
from mpt_studio.engine.recognise.evidence import Evidence, mappings
from mpt_studio.engine.recognise.hints import hinted
from mpt_studio.engine.recognise.huggingface_names import TO_TIMM
from mpt_studio.engine.recognise.index import KnownArchitecture
from mpt_studio.engine.recognise.search import Match
from mpt_studio.engine.recognise.values import FoundPreprocessing, filled, unsaid
from mpt_studio.errors import UserError
from mpt_studio.reading import Choices


def find(evidence: Evidence, match: Match, classes: int, choices: Choices) -> FoundPreprocessing:
    """The preprocessing of a recognised version.

    Raises:
        UserError: where a chosen image size is not the one that the tensors are made for.
    """
    if choices.preprocessing:
        return FoundPreprocessing(preprocessing=_checked(choices.preprocessing, match), source="your choice")
    found = next((f for f in _sources(evidence, match, classes) if f.preprocessing), FoundPreprocessing())
    if found.preprocessing is None:
        return found
    return replace(found, preprocessing=_sized(found.preprocessing, match))


def _sources(evidence: Evidence, match: Match, classes: int) -> Iterable[FoundPreprocessing]:
    entry = match.entry
    usual = _usual(entry, classes, evidence)
    base = usual.preprocessing
    yield _from_values(evidence.extras, base, "the file")
    if evidence.processor:
        yield processor.read(evidence.processor)
    yield _from_values(_pretrained_cfg(evidence.config), base, "config.json")
    if published.is_published(evidence) and entry.bare.startswith("resnet"):
        note = "32 pixels and CIFAR-10's mean and standard deviation, as the published script has them, were taken."
        yield FoundPreprocessing(preprocessing=published.PREPROCESSING, source="the published script", notes=(note,))
    if not entry.small_stem and evidence.config.get("model_type") not in TO_TIMM:
        yield _agreed(match, usual, classes, evidence)


def _pretrained_cfg(config: Mapping[str, Any]) -> Mapping[str, Any]:
    found = config.get("pretrained_cfg")
    return found if isinstance(found, Mapping) else {}


def _from_values(values: Mapping[str, Any], base: Preprocessing | None, source: str) -> FoundPreprocessing:
    """What a file's own values say: mean and std together; the rest is filled in from what is usual."""
    for _, mapping in mappings(values):
        if made := filled(mapping, base):
            return FoundPreprocessing(preprocessing=made, source=source, notes=_left_open(mapping, made, source))
    return FoundPreprocessing()


def _left_open(values: Mapping[str, Any], made: Preprocessing, source: str) -> tuple[str, ...]:
    """A note on what was filled in."""
    assumed = ", ".join(unsaid(values, made))
    if not assumed:
        return ()
    return (f"Of how images are prepared {source} does not say everything: {assumed} was assumed, as is usual.",)


def _usual(entry: KnownArchitecture, classes: int, evidence: Evidence) -> FoundPreprocessing:
    """What the library records for an architecture; for weights that it published, those weights' own."""
    if entry.arch == networks.SMALL:
        return FoundPreprocessing()
    if entry.is_timm:
        values = timm_networks.defaults(entry.arch)
        found = _from_values(values, None, f"timm's {entry.bare}")
        return replace(found, notes=_assumed(f"timm's {entry.bare}"))
    weights = torchvision_weights.find(entry.arch, evidence.sha256)
    if weights:
        return FoundPreprocessing(
            preprocessing=torchvision_weights.preprocessing(weights), source=f"torchvision's {weights}"
        )
    weights = torchvision_weights.default(entry.arch)
    source = f"torchvision's {str(weights).partition('.')[0]}"
    return FoundPreprocessing(
        preprocessing=torchvision_weights.preprocessing(weights), source=source, notes=_assumed(source)
    )


def _assumed(source: str) -> tuple[str, ...]:
    return (f"The file does not say how images are prepared; what is usual for {source} was assumed.",)


def _agreed(match: Match, usual: FoundPreprocessing, classes: int, evidence: Evidence) -> FoundPreprocessing:
    """What is usual, unless architectures that cannot be told apart have other means or standard deviations."""
    others = [_usual(entry, classes, evidence).preprocessing for entry in match.alike if match.entry.is_timm]
    own = usual.preprocessing
    named = hinted([match.entry], evidence)[0] is not None
    if own and not named and any(o and (o.mean, o.std) != (own.mean, own.std) for o in others):
        names = ", ".join(entry.bare for entry in match.alike[:2])
        return FoundPreprocessing(
            notes=(f"{match.entry.bare} and {names} have the same tensors, but normalise differently.",)
        )
    return usual


def _sized(found: Preprocessing, match: Match) -> Preprocessing:
    """With the size that the tensors are made for, the resizing kept in proportion."""
    fixed = fixed_size(match)
    return found.sized(fixed) if fixed else found


def _checked(chosen: Preprocessing, match: Match) -> Preprocessing:
    fixed = fixed_size(match)
    if fixed and chosen.image_size != fixed:
        raise UserError(
            f"These weights of {match.entry.arch} are made for images of {fixed} pixels, not {chosen.image_size}; "
            "choose that size."
        )
    return chosen


def fixed_size(match: Match) -> int:
    """The only image size that the tensors fit; 0 where any does."""
    arch = match.entry.arch
    if arch.startswith(("vit_", "maxvit")):
        return match.image_size
    if match.entry.is_timm and timm_networks.defaults(arch).get("fixed_input_size"):
        return match.image_size
    return 0

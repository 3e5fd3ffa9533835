"""How a version wants its images: from the file, from beside it, or from what its library records.

A wrong mean or standard deviation ruins a version silently. So what is only assumed is said in a note, and where not
even an assumption is sound (a network for small images, several possible ones), a person is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.recognise import processor, published, told, torchvision_weights
from mpt_studio.engine.recognise.colours import in_unit_range
from mpt_studio.engine.recognise.evidence import Evidence
from mpt_studio.engine.recognise.hints import hinted
from mpt_studio.engine.recognise.huggingface_names import TO_TIMM
from mpt_studio.engine.recognise.index import KnownArchitecture
from mpt_studio.engine.recognise.match import Match
from mpt_studio.engine.recognise.values import FoundPreprocessing
from mpt_studio.errors import UserError
from mpt_studio.reading import Choices


def find(evidence: Evidence, match: Match, classes: int, choices: Choices) -> FoundPreprocessing:
    """The preprocessing of a recognised version.

    Raises:
        UserError: where a chosen image size is not the one that the tensors are made for.
    """
    if choices.preprocessing:
        chosen = _checked(in_range(choices.preprocessing), match)
        return FoundPreprocessing(preprocessing=chosen, source="your choice")
    found = next((f for f in _sources(evidence, match, classes) if f.preprocessing or f.notes), FoundPreprocessing())
    return found if found.preprocessing is None else _sized(found, found.preprocessing, match)


def in_range(chosen: Preprocessing) -> Preprocessing:
    """A person's choice. Raises ``UserError`` where its numbers are not of values in 0…1."""
    if in_unit_range(chosen.mean, chosen.std) != (chosen.mean, chosen.std):
        numbers = " ".join(f"{number:g}" for number in (*chosen.mean, *chosen.std))
        raise UserError(f"Mean and standard deviation ({numbers}) are not of values in 0…1; divide them by 255.")
    return chosen


def _sources(evidence: Evidence, match: Match, classes: int) -> Iterable[FoundPreprocessing]:
    """The first that says anything counts: what is there and cannot be taken is asked for, not passed over."""
    entry = match.entry
    usual = _usual(entry, classes, evidence)
    base = usual.preprocessing
    yield told.found_in(evidence.extras, base, "the file")
    if evidence.processor:
        yield processor.read(evidence.processor)
    yield told.found_in(evidence.config, base, "config.json")
    if published.is_published(evidence) and entry.bare.startswith("resnet"):
        note = "32 pixels and CIFAR-10's mean and standard deviation, as the published script has them, were taken."
        yield FoundPreprocessing(preprocessing=published.PREPROCESSING, source="the published script", notes=(note,))
    if not entry.small_stem and evidence.config.get("model_type") not in TO_TIMM:
        yield _with_size_of(evidence, _agreed(match, usual, classes, evidence))


def _with_size_of(evidence: Evidence, usual: FoundPreprocessing) -> FoundPreprocessing:
    """What is usual, at the size that the file says where it says nothing else."""
    said = told.read(evidence.extras, "the file")
    made = said.completed(usual.preprocessing)
    if made is None or made == usual.preprocessing:
        return replace(usual, notes=(*usual.notes, *said.notes))
    notes = (*said.notes, *told.left_open(said, made, "the file"))
    return FoundPreprocessing(preprocessing=made, source=f"the file and {usual.source}", notes=notes)


def _usual(entry: KnownArchitecture, classes: int, evidence: Evidence) -> FoundPreprocessing:
    """What the library records for an architecture; for weights that it published, those weights' own."""
    if entry.arch == networks.SMALL:
        return FoundPreprocessing()
    if entry.is_timm:
        values = timm_networks.defaults(entry.arch)
        found = told.found_in(values, None, f"timm's {entry.bare}")
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


def _sized(found: FoundPreprocessing, way: Preprocessing, match: Match) -> FoundPreprocessing:
    """With the size that the tensors are made for, the resizing kept in proportion."""
    fixed = fixed_size(match)
    if not fixed or fixed == way.image_size:
        return found
    if found.source.startswith(("torchvision", "timm")):
        return replace(found, preprocessing=way.sized(fixed))
    note = f"The tensors are made for images of {fixed} pixels, so {way.image_size} was not used."
    return replace(found, preprocessing=way.sized(fixed), notes=(*found.notes, note))


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

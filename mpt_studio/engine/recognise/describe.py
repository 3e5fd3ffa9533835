"""The report on a version of any origin, and its tensors as our networks have them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.recognise import class_names, evidence, fitting, preprocessing, search, torchvision_weights
from mpt_studio.engine.recognise.class_names import Names
from mpt_studio.engine.recognise.evidence import Evidence
from mpt_studio.engine.recognise.match import Match
from mpt_studio.engine.recognise.search import Found
from mpt_studio.engine.recognise.values import FoundPreprocessing
from mpt_studio.reading import Candidate, Choices, Need, Reading

if TYPE_CHECKING:
    from mpt_studio.engine.intake.contents import Contents


_NO_CHOICES = Choices()


def describe(
    contents: Contents,
    path: Path,
    choices: Choices = _NO_CHOICES,
    data_classes: tuple[str, ...] = (),
    *,
    for_start: bool = False,
) -> tuple[Reading, dict[str, Tensor] | None]:
    """Recognise a version.

    Args:
        contents: what was read, freed of wrappers and prefixes.
        path: as it was named; small files beside it are read.
        choices: what a person decided; it goes before everything that is found.
        data_classes: of the data that the version is to be used with, in their order.
        for_start: the weights are what a training begins with: names of classes are welcome and not asked for, and
            without them the head is left out.

    Returns the report, and the tensors under the network's own names, so that ``networks.weights.load_network`` loads
    them; None while a person has to decide something. Raises ``UserError`` where the tensors fit no architecture,
    naming the closest one and what is different, or where a choice does not fit the tensors.
    """
    known = evidence.gather(path, contents.extras, contents.wrapper, contents.sha256)
    found = search.find(contents.tensors, known, choices)
    match = found.matches[0]
    published = _published_names(match, known)
    names = class_names.find(known, match.classes, choices, data_classes, published) if match.classes else Names()
    images = preprocessing.find(known, match, match.classes, choices)
    small, unsure = _small_stem(found, images.preprocessing, choices)
    needs = _needs(contents.has_both and not choices.weights, unsure or not found.decided, names, images)
    needs = tuple(need for need in needs if need != "class_names" or (match.classes and not for_start))
    reading = Reading(
        path=str(path),
        sha256=contents.sha256,
        bytes=contents.bytes,
        container=contents.container,
        tensors=len(contents.tensors),
        parameters=sum(p.numel() for name, p in match.network.named_parameters() if name in match.named.tensors),
        classes=match.classes,
        candidates=_candidates(found, small, unsure),
        class_names=names.names,
        class_names_from=names.source,
        preprocessing=images.preprocessing,
        preprocessing_from=images.source,
        notes=(*contents.notes, *found.notes, *names.notes, *images.notes),
        needs=needs,
        reasons=evidence.reasons_of(names.notes, images.notes),
        has_both=contents.has_both,
    )
    if needs:
        return reading, None
    return reading, fitting.adapted(match.named.tensors, match.network) if names.names else match.body()


def _needs(both: bool, architecture_is_open: bool, names: Names, images: FoundPreprocessing) -> tuple[Need, ...]:
    """What a person has to decide; ``both`` where there are raw and averaged weights."""
    is_open: dict[Need, bool] = {
        "weights": both,
        "architecture": architecture_is_open,
        "class_names": not names.names,
        "preprocessing": images.preprocessing is None,
    }
    return tuple(need for need, still in is_open.items() if still)


def _published_names(match: Match, known: Evidence) -> Names:
    """ImageNet's, where the file is one that torchvision publishes."""
    entry = match.entry
    if entry.is_timm or entry.arch == networks.SMALL or match.classes != 1000:
        return Names()
    weights = torchvision_weights.find(entry.arch, known.sha256)
    if weights is None:
        return Names()
    return Names(names=torchvision_weights.class_names(weights), source=f"torchvision's {weights}")


def _small_stem(found: Found, images: Preprocessing | None, choices: Choices) -> tuple[bool, bool]:
    """Whether the stem is the one for small images, and whether the tensors and the images' size leave that open.

    In some families that stem only has another stride, which no tensor shows.
    """
    entry = found.matches[0].entry
    if entry.small_stem or not networks.has_small_stem(entry.arch) or networks.stem_has_own_tensors(entry.arch):
        return entry.small_stem, False
    if choices.small_stem is not None:
        return choices.small_stem, False
    return False, images is not None and images.image_size <= networks.SMALL_IMAGES


def _candidates(found: Found, small: bool, unsure: bool) -> tuple[Candidate, ...]:
    """What a person may choose from; only what was taken where nothing is open."""
    first, *rest = found.matches
    forms = [_candidate(first, form) for form in ((True, False) if unsure else (small,))]
    return (*forms, *([] if found.decided else [_candidate(match, match.entry.small_stem) for match in rest]))


def _candidate(match: Match, small: bool) -> Candidate:
    port = match.named.port
    return Candidate(
        arch=match.entry.arch,
        small_stem=small,
        agreement=port.agreement if port else "",
        mapped=port.mapped if port else (),
    )

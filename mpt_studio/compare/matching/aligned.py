"""Two versions' predictions with one name for each class, so that matching by name is matching by class."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mpt_studio.compare.matching.class_map import NO_MAP, ClassMap, kept_map
from mpt_studio.compare.matching.doctor import Diagnosis, diagnose
from mpt_studio.errors import UserError
from mpt_studio.predictions import Predictions
from mpt_studio.predictions.names import respelled

Pair = tuple[Predictions, Predictions]


def aligned(old: Predictions, new: Predictions, class_map: ClassMap = NO_MAP) -> Pair:
    """The same predictions, with the old model's classes and all labels called as the update calls them.

    Raises ``UserError`` where the class lists have a mismatch that nothing explains; it lists what does not match.
    """
    new = with_own_labels(new)
    found = diagnose(old.class_names, new.class_names, class_map)
    if found.unexplained and new.open_ended:
        hint = "The update's class list is only what it ever answers: list all of its classes (--new-classes)."
        raise UserError(f"{' '.join(found.problems)} {hint}")
    found.refuse()
    renames = {**found.renames, **_dropped_apart(found, new)}
    if not renames and {*old.label_names, *new.label_names} <= set(new.class_names) | set(old.class_names):
        return old, new  # the usual case: nothing is called otherwise
    target = set(new.class_names) | {renames.get(name, name) for name in old.class_names}
    spelled = respelled(_only(new, renames), new.class_names)
    of_new = {name: _renamed(name, renames, spelled, target, labels_are_news=True) for name in new.label_names}
    after = _relabelled(new, of_new)
    noted = dataclasses.replace(
        old,
        class_names=tuple(renames.get(name, name) for name in old.class_names),
        notes=(*old.notes, *found.sentences()),
    )
    spelled = respelled(_only(old, renames), [*new.class_names, *_only(new, renames)])
    maybe = [
        _relabelled(
            noted, {name: _renamed(name, renames, spelled, target, labels_are_news=news) for name in old.label_names}
        )
        for news in ([False, True] if any(name in target for name in renames) else [False])
    ]
    return maybe[0] if len(maybe) == 1 else max(maybe, key=lambda before: _agreeing(before, after)), after


def aligned_by_store(old: Predictions, new: Predictions, store: Path) -> Pair:
    """``aligned`` with the class map that the store keeps for these two class lists, if any."""
    return aligned(old, new, map_for(store, old, new))


def map_for(store: Path, old: Predictions, new: Predictions) -> ClassMap:
    """The class map that a store keeps for two versions."""
    return kept_map(store, old.class_names, with_own_labels(new).class_names)


def with_own_labels(new: Predictions) -> Predictions:
    """An update whose class list is only what it ever answered knows the classes of its labels too."""
    if not new.open_ended:
        return new
    spelled = respelled(new.label_names, new.class_names)
    more = tuple(name for name in new.label_names if name not in new.class_names and name not in spelled)
    return dataclasses.replace(new, class_names=(*new.class_names, *more)) if more else new


def _only(version: Predictions, renames: Mapping[str, str]) -> list[str]:
    """Label names that are no class of the version."""
    own = set(version.class_names)
    return [name for name in version.label_names if name not in own and name not in renames]


def _agreeing(old: Predictions, new: Predictions) -> int:
    """Samples of the same truth in both.

    Labels may be in the old model's own words or in the data's; where a name means one class to the old model and
    another to the update, this tells which.
    """
    _, rows, others = np.intersect1d(old.sample_ids, new.sample_ids, return_indices=True)
    names = {name: i for i, name in enumerate(dict.fromkeys([*old.label_names, *new.label_names]))}
    before = np.array([*(names[name] for name in old.label_names), -1])[old.labels[rows]]
    after = np.array([*(names[name] for name in new.label_names), -2])[new.labels[others]]
    return int((before == after).sum())


def _dropped_apart(found: Diagnosis, new: Predictions) -> dict[str, str]:
    """Other names for dropped classes whose name the update uses for something else."""
    taken = set(new.class_names)
    return {row.old: f"{row.old} (old model)" for row in found.rows if row.kind == "dropped" and row.old in taken}


def _renamed(
    name: str, renames: Mapping[str, str], spelled: Mapping[str, str], target: set[str], *, labels_are_news: bool
) -> str:
    if labels_are_news and name in target:
        return name
    return renames.get(name) or (name if name in target else spelled.get(name, name))


def _relabelled(version: Predictions, names: Mapping[str, str]) -> Predictions:
    """The version with its labels called otherwise; two that become one are merged."""
    fresh = tuple(names[name] for name in version.label_names)
    if fresh == version.label_names:
        return version
    if len(set(fresh)) == len(fresh):
        return dataclasses.replace(version, label_names=fresh)
    every = tuple(dict.fromkeys(fresh))
    place = {name: i for i, name in enumerate(every)}
    lookup = np.array([*(place[name] for name in fresh), -1], dtype=np.int64)
    return dataclasses.replace(version, label_names=every, labels=lookup[version.labels])

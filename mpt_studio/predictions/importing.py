"""From a table as it was written to predictions: which number is which class, and what the scores are.

Letters: N samples, C classes of the version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mpt_studio.data.classes import natural_key
from mpt_studio.errors import UserError, one_sentence, quoted
from mpt_studio.predictions.answers import Floats, Ints, Predictions, Scores
from mpt_studio.predictions.names import all_whole, respelled, whole
from mpt_studio.predictions.scales import Scale
from mpt_studio.predictions.scores import understood
from mpt_studio.predictions.table import Coded, Table

DISAGREEING = 0.01
"""Share of samples in which a column of answers may differ from the largest score (ties, rounding)."""


@dataclass(frozen=True)
class _Names:
    """A version's classes."""

    every: tuple[str, ...]
    named: bool
    """Whether they are more than the numbers of columns."""
    open_ended: bool = False


def to_predictions(
    table: Table, classes: tuple[str, ...], notes: tuple[str, ...] = (), said: Scale | None = None
) -> Predictions:
    """Give a table's numbers their meaning.

    Args:
        classes: the version's class names in the order of its columns, where the user lists them.
        said: what the user says that the scores are.
    Raises ``UserError`` where a number or a name can mean two things, or nothing.
    """
    scores, names, found = _columns(table, classes)
    names = names or _answered_names(table, classes)
    answers = None if table.answers is None else _answers(table, table.answers, names)
    label_names, labels, more = _labels(table, names)
    told = [*notes, *table.notes, *found, *more]
    kind: Scores = "answers"
    if scores is not None:
        truth = _columns_of(label_names, names)[labels]
        kind, more = understood(
            scores, table.declared, table.ids, table.name, said=said, truth=truth, numbered=not names.named
        )
        told += more
    if names.open_ended:
        told.append(f"The classes are those that it ever answers, {len(names.every):,}; list them if it knows more.")
    if scores is not None:
        top = np.asarray(scores).argmax(axis=1).astype(np.int64)
        told += _agreement(table, answers, top, scores)
        answers = top
    if table.ignored:
        told.append(f"Columns that are not read: {quoted(table.ignored, 3, limit=30)}.")
    says_more = scores is not None and kind != "answers"
    return Predictions(
        sample_ids=table.ids,
        labels=labels,
        label_names=label_names,
        logits=scores if scores is not None and says_more else np.zeros((len(table.ids), 0), np.float32),
        class_names=names.every,
        version=table.path.stem,
        scores=kind,
        answers=None if says_more else answers,
        open_ended=names.open_ended,
        notes=tuple(told),
    )


def _columns(table: Table, classes: tuple[str, ...]) -> tuple[Floats | None, _Names | None, tuple[str, ...]]:
    """The scores with a name for each column; None, None where there are only answers."""
    if table.scores is None:
        return None, None, ()
    given, count = classes or table.class_names, table.scores.shape[1]
    if table.score_names is not None and classes:
        return _chosen(table, table.score_names, table.scores, classes)
    if table.score_names is not None:
        return table.scores, _Names(table.score_names, named=True), ()
    if given and len(given) != count:
        raise UserError(f"{table.name} has {count} columns of scores, but {len(given)} class names are given for them.")
    return table.scores, _Names(given or tuple(map(str, range(count))), named=bool(given)), ()


def _chosen(
    table: Table, columns: tuple[str, ...], scores: Floats, classes: tuple[str, ...]
) -> tuple[Floats, _Names, tuple[str, ...]]:
    """The listed classes' columns, in the order of the list."""
    other = respelled(classes, columns)
    wanted = [other.get(name, name) for name in classes]
    missing = [name for name in wanted if name not in columns]
    if missing:
        lacks, has = quoted(missing, 3, limit=30), quoted(columns, 3, limit=30)
        raise UserError(f"{table.name} has no column of scores for {lacks}; its columns are {has}.")
    left = [name for name in columns if name not in wanted]
    at = [columns.index(name) for name in wanted]
    note = (f"Columns that are not among the listed classes: {quoted(left, 3, limit=30)}.",) if left else ()
    chosen = scores if at == list(range(len(columns))) else np.ascontiguousarray(scores[:, at])
    return chosen, _Names(classes, named=True), note


def _answered_names(table: Table, classes: tuple[str, ...]) -> _Names:
    """The classes of a version that gives only answers: the listed ones, else those that it answers."""
    assert table.answers is not None
    given = classes or table.class_names
    if given:
        return _Names(given, named=True)
    answered = table.answers.values
    labels = table.labels.values if table.labels is not None else ()
    if labels and all_whole(answered) != all_whole(labels) and not set(labels) <= set(answered):
        numbers, named = ("answers", "labels") if all_whole(answered) else ("labels", "answers")
        raise UserError(
            f"{table.name} has {numbers} as numbers and {named} as names; list the class names in the order of the "
            "numbers."
        )
    if all_whole(answered):
        answered = tuple({str(whole(text)) for text in answered})
    return _Names(tuple(sorted(answered, key=natural_key)), named=not all_whole(answered), open_ended=True)


def _answers(table: Table, coded: Coded, names: _Names) -> Ints:
    """(N,) index into the names; −1 for an empty cell."""
    said = _meant(table, coded, names, "answer", names.every)
    position = {name: i for i, name in enumerate(names.every)}
    other = respelled(said, names.every)
    unknown = [name for name in said if other.get(name, name) not in position]
    if unknown:
        raise UserError(f"{table.name} has answers that are no class of the version: {quoted(unknown, 3, limit=30)}.")
    lookup = np.array([*(position[other.get(name, name)] for name in said), -1], dtype=np.int64)
    found: Ints = lookup[coded.codes]
    return found


def _labels(table: Table, names: _Names) -> tuple[tuple[str, ...], Ints, tuple[str, ...]]:
    """Names that labels refer to, (N,) labels (−1 where there is none), and notes."""
    coded = table.labels
    if coded is None or not coded.values:
        return (), np.full(len(table.ids), -1, dtype=np.int64), ("The file does not tell the true classes.",)
    refer = table.label_names or names.every
    said = _meant(table, coded, names, "label", refer)
    other = respelled(said, names.every)
    said = [other.get(name, name) for name in said]
    beyond = sorted({name for name in said if name not in refer}, key=natural_key)
    every = (*refer, *beyond)
    position = {name: i for i, name in enumerate(every)}
    lookup = np.array([*(position[name] for name in said), -1], dtype=np.int64)
    labels: Ints = lookup[coded.codes]
    notes = [f"Labels spelled otherwise than the classes: {quoted(list(other), 3, limit=30)}."] if other else []
    empty = int((labels < 0).sum())
    if empty:
        notes.append(f"{empty:,} {'sample has' if empty == 1 else 'samples have'} no label.")
    return every, labels, tuple(notes)


def _columns_of(label_names: tuple[str, ...], names: _Names) -> Ints:
    """(L + 1,) the version's column of each name that labels refer to; −1 of those without one, and of no label."""
    position = {name: i for i, name in enumerate(names.every)}
    return np.array([*(position.get(name, -1) for name in label_names), -1], dtype=np.int64)


def _meant(table: Table, coded: Coded, names: _Names, what: str, refer: tuple[str, ...]) -> list[str]:
    """The class that each different text means: a name, or a number's place in ``refer``."""
    texts = list(coded.values)
    if (not coded.indices and set(texts) <= set(refer)) or not all_whole(texts):
        return texts
    numbers = [whole(text) or 0 for text in texts]
    if names.named or table.label_names:
        _refuse_beyond(table, numbers, len(refer), what)
        return [refer[number] for number in numbers]
    _refuse_counting_from_one(table, numbers, len(refer), what, open_ended=names.open_ended)
    return [str(number) for number in numbers]


def _refuse_beyond(table: Table, numbers: Sequence[int], count: int, what: str) -> None:
    beyond = next((number for number in numbers if not 0 <= number < count), None)
    if beyond is not None:
        which = "label" if table.label_names and what == "label" else "class"
        raise UserError(
            f"{table.name} has the {what} {beyond}, but {count} {which} names, counted from 0; "
            f"write the {what}s as names, or add an array label_names with what the numbers refer to."
        )


def _refuse_counting_from_one(table: Table, numbers: Sequence[int], count: int, what: str, *, open_ended: bool) -> None:
    """Columns are counted from 0: labels from 1 to C would be one off, every one of them."""
    if min(numbers) < 0 or (not open_ended and min(numbers) == 1 and max(numbers) == count):
        raise UserError(
            f"{table.name} has {what}s from {min(numbers)} to {max(numbers)}, but its {count} columns of scores are "
            "counted from 0; list the class names or name the columns after the classes."
        )


def _agreement(table: Table, answers: Ints | None, top: Ints, scores: Floats) -> tuple[str, ...]:
    """A note where a column of answers differs from the largest scores in a few samples.

    Raises ``UserError`` where it does in many: then one of the two is not what it is taken for.
    """
    if answers is None:
        return ()
    rows = np.arange(len(top))
    said = np.where(answers < 0, top, answers)
    other = np.flatnonzero(scores[rows, said] < scores[rows, top])
    if not len(other):
        return ()
    share = f"{len(other):,} of {len(top):,} samples (such as {one_sentence(str(table.ids[other[0]]), 30)!r})"
    if len(other) > max(1, DISAGREEING * len(top)):
        raise UserError(
            f"{table.name}: the answers are not the classes of the largest scores in {share}; "
            "remove the column of answers, or name the columns of scores after their classes."
        )
    return (f"The answers differ from the largest scores in {share}; the scores were taken.",)

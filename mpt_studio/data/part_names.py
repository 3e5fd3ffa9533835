"""What people call the parts of their data, in names of folders, cells and columns."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mpt_studio.data.dataset import Part

WORDS: Mapping[str, Part] = {
    **dict.fromkeys(("train", "training", "trn", "trainval", "trainvalid"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation", "holdout"), "test"),
}
AROUND = frozenset({
    "set", "sets", "data", "dataset", "image", "images", "img", "imgs", "pic", "pics", "photo", "photos", "picture",
    "pictures", "folder", "dir", "split", "part", "seg", "cls", "crop", "crops", "cropped", "public", "private", "the",
    "is", "in", "of", "for", "resized", "small", "full", "samples", "jpg", "jpeg", "png",
})  # fmt: skip
"""Words beside a part's name that change nothing."""


def part_of(name: str) -> Part | None:
    """The part that a folder, a cell of a table or a column is called after; None for any other name."""
    return parted(name)[0] if not parted(name)[1] else None


def parted(name: str) -> tuple[Part | None, tuple[str, ...]]:
    """The part in a name, and the words beside it that are none of the usual ones."""
    words = words_of(name)
    parts = [WORDS[word] for word in words if word in WORDS]
    if not parts or (len(set(parts)) > 1 and set(parts) != {"train", "validation"}):
        return None, tuple(words)
    return parts[0], tuple(word for word in words if word not in WORDS and word not in AROUND)


def words_of(name: str) -> list[str]:
    """The words of a name in lower case, without digits."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_a-zA-Z]+", name)
    return [piece for word in words for piece in _pieces(word.lower())]


def _pieces(word: str) -> tuple[str, ...]:
    """ "trainset" is "train" and "set"."""
    fits = re.fullmatch(rf"({'|'.join(WORDS)})({'|'.join(AROUND)})", word)
    return (fits[1], fits[2]) if fits else (word,)

"""Sample ids to search in: lower-case bytes, and the order by id. Letters: N samples, W bytes of the longest id."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.blocks import BLOCK, Stop, never, parts
from mpt_studio.predictions import Ints, Strings

Texts = npt.NDArray[np.bytes_]
Bools = npt.NDArray[np.bool_]
_TEXTS = 100_000


def lowered(ids: Strings) -> Texts:
    """(N,) UTF-8 bytes of the ids in lower case: a quarter of the text's size, and quick to search in."""
    width = ids.dtype.itemsize // 4
    if not len(ids) or not width:
        return np.zeros(len(ids), dtype="S1")
    if all(_is_ascii(ids[part]) for part in parts(len(ids), _TEXTS)):
        found = np.empty(len(ids), dtype=f"S{width}")
        for part in parts(len(ids), _TEXTS):
            found[part] = _ascii_lower(ids[part], width)
        return found
    text: Texts = np.strings.encode(np.strings.lower(ids), "utf-8", "surrogatepass")
    return text


def _codes(ids: Strings) -> npt.NDArray[np.uint32]:
    whole = np.ascontiguousarray(ids)
    codes: npt.NDArray[np.uint32] = (
        whole.view(np.uint32) if whole.dtype.isnative else whole.astype("=U").view(np.uint32)
    )
    return codes


def _is_ascii(ids: Strings) -> bool:
    return bool(_codes(ids).max(initial=0) < 128)


def _ascii_lower(ids: Strings, width: int) -> Texts:
    letters = _codes(ids).astype(np.uint8)
    letters[(letters >= ord("A")) & (letters <= ord("Z"))] |= 32
    text: Texts = letters.view(f"S{width}")
    return text


def containing(texts: Texts, part: str, stop: Stop = never) -> Bools:
    """(N,) whether a text contains ``part``, in any case."""
    wanted = as_bytes(part)
    found = np.zeros(len(texts), dtype=bool)
    for here in parts(len(texts), BLOCK, stop):
        found[here] = _contain(texts[here], wanted)
    return found


def _contain(texts: Texts, wanted: bytes) -> Bools:
    """All letters in a row are compared with one letter at a time: far quicker than looking into each text alone."""
    width, length = texts.dtype.itemsize, len(wanted)
    if not length or length > width or b"\0" in wanted:  # texts end with zeros
        found: Bools = np.strings.find(texts, wanted) >= 0
        return found
    letters = np.ascontiguousarray(texts).view(np.uint8)
    last, hits = len(letters) - length + 1, np.zeros(len(letters), dtype=bool)
    np.equal(letters[:last], wanted[0], out=hits[:last])
    for at in range(1, length):
        hits[:last] &= letters[at : at + last] == wanted[at]
    return _any_of_text(hits, width, width - length + 1)


def _any_of_text(hits: Bools, width: int, starts: int) -> Bools:
    """(N,) whether one of the first ``starts`` letters of a text is hit; later ones would end in the next text."""
    found = np.zeros(len(hits) // width, dtype=bool)
    if np.count_nonzero(hits) < len(found) // 4:
        text, letter = np.divmod(np.flatnonzero(hits), width)
        found[text[letter < starts]] = True
    else:
        of_text = hits.reshape(-1, width)
        for start in range(starts):
            found |= of_text[:, start]
    return found


def as_bytes(text: str) -> bytes:
    """A text as ``lowered`` writes it."""
    return text.lower().encode("utf-8", "surrogatepass")


def rows_of(ids: Strings, by_id: npt.NDArray[np.int32] | None, wanted: Iterable[str]) -> Ints:
    """Row of each wanted id; −1 where there is none.

    Args:
        ids: (N,) unique.
        by_id: (N,) rows in the order of the ids; None where they are in this order.
    """
    texts = np.array(list(wanted), dtype=np.str_)
    if not len(texts) or not len(ids):
        return np.full(len(texts), -1, dtype=np.int64)
    fitting = np.strings.str_len(texts) <= ids.dtype.itemsize // 4
    place = np.searchsorted(ids, texts.astype(ids.dtype), sorter=by_id)
    place[place == len(ids)] = 0
    rows = place if by_id is None else by_id[place].astype(np.int64)
    found: Ints = np.where(fitting & (ids[rows] == texts), rows, -1)
    return found

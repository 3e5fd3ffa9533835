"""Which data marks and notes on samples belong to."""

from __future__ import annotations

import hashlib

from mpt_studio.compare.blocks import BLOCK, parts
from mpt_studio.compare.comparison import Comparison


def data_of(comparison: Comparison) -> str:
    """What the samples belong to: the data's fingerprint, or a digest of the ids where predictions do not tell it."""
    known = comparison.new.data_fingerprint or comparison.old.data_fingerprint
    if known:
        return known
    base = comparison.base  # a view under an offset has the same samples
    return base.memo.once(("data",), lambda: f"ids:{len(base)}:{_digest(base)}")


def _digest(comparison: Comparison) -> str:
    """Of the ids in their order, one to a line; in blocks, as a million texts at once take seconds."""
    ids, order, digest = comparison.sample_ids, comparison.rows.by_id, hashlib.blake2b(digest_size=16)
    for part in parts(len(ids), BLOCK):
        block = ids[part] if order is None else ids[order[part]]
        text = ("\n" if part.start else "") + "\n".join(block.tolist())
        digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()

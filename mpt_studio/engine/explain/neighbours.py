"""Nearest neighbours by cosine, exact: blocks of rows, one matrix product each.

Shape letters: D features, K neighbours, N rows, Q queries.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mpt_studio.data.dataset import Progress
from mpt_studio.engine.explain.probe import Features, Floats

BLOCK_BYTES = 64 << 20


def nearest(
    features_ND: Features,
    queries_QD: Features,
    k: int,
    *,
    allowed_N: npt.NDArray[np.bool_] | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Rows of ``features_ND`` closest to each query: (Q, K) row numbers and cosine similarities, closest first.

    Only rows where ``allowed_N`` is true are looked at; K is the smaller of ``k`` and their number. Equal similarities
    are in the order of the rows. Only one block of a memory-mapped array is in memory at a time. A row of zeros has
    similarity 0 to everything.
    """
    queries = torch.nn.functional.normalize(_float(queries_QD, device), dim=1)
    best = torch.empty(len(queries), 0, device=device)
    rows = torch.empty(len(queries), 0, dtype=torch.int64, device=device)
    length = max(1, BLOCK_BYTES // (4 * max(1, features_ND.shape[1])))
    for start in range(0, len(features_ND), length):
        block = _float(features_ND[start : start + length], device)
        lengths = torch.linalg.vector_norm(block, dim=1).clamp_min(1e-12)
        here = torch.arange(start, start + len(block), device=device)
        similarities = queries @ block.T / lengths
        if allowed_N is not None:
            wanted = torch.from_numpy(allowed_N[start : start + length]).to(device)
            here, similarities = here[wanted], similarities[:, wanted]
        numbers = here.expand(len(queries), -1)
        best, rows = _closest(torch.cat([best, similarities], 1), torch.cat([rows, numbers], 1), k)
        if progress:
            progress("Looking for the nearest images", min(1.0, (start + length) / len(features_ND)))
    return rows.cpu().numpy(), best.cpu().numpy()


def _closest(similarities: Tensor, rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k best columns; the sort is stable, so that ties keep the order of the rows."""
    if similarities.shape[1] > k:
        least = similarities.topk(k).values[:, -1:]
        kept = (similarities >= least).any(dim=0)  # sort few
        similarities, rows = similarities[:, kept], rows[:, kept]
    values, order = similarities.sort(dim=1, descending=True, stable=True)
    return values[:, :k], rows.gather(1, order[:, :k])


def _float(rows: Features, device: str) -> Tensor:
    """(N, D) float32; torch widens float16 several times faster than NumPy."""
    return torch.from_numpy(np.array(rows)).to(device).float()

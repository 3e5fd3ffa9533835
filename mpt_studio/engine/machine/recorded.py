"""A training step that CUDA starts as one graph: a small network's kernels are shorter than the time to launch them.

See https://docs.pytorch.org/docs/stable/notes/cuda.html#whole-network-capture for what may be recorded: work on tensors
of the device alone, in the same shapes every time, that never asks for a value.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mpt_studio.errors import one_sentence

CALLS_BEFORE = 3
"""Calls that run as they are: until then algorithms are chosen, libraries are loaded and the momentum exists."""

Given = tuple[Tensor | None, ...]


class Recorded:
    """``do``, recorded at its fourth call and started as one graph from then on; every call does its work once.

    Tensors are copied into those of the recording, so their shapes have to stay. Where a None comes or goes (teachers
    that join later), everything begins anew.

    Args:
        do: what is recorded. It works in the place of tensors that outlive it and returns nothing.
        tell: called once with the reason if recording fails; calls run as they are from then on.
    """

    def __init__(self, do: Callable[..., None], tell: Callable[[str], None]) -> None:
        self._do, self._tell = do, tell
        self._failed = False
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._begin(())

    def _begin(self, absent: tuple[bool, ...]) -> None:
        self._absent, self._calls = absent, 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._held: Given = ()

    def __call__(self, *given: Tensor | None) -> None:
        absent = tuple(tensor is None for tensor in given)
        if absent != self._absent:
            self._begin(absent)
        self._calls += 1
        if self._graph is None and self._calls > CALLS_BEFORE and not self._failed:
            self._record(given)
        if self._graph is None:
            self._run_beside(given)
        else:
            self._play(self._graph, given)

    def _run_beside(self, given: Given) -> None:
        """On the stream of the recording, so that what outlives a call belongs to it."""
        usual = torch.cuda.current_stream()
        self._stream.wait_stream(usual)
        with torch.cuda.stream(self._stream):
            self._do(*given)
        usual.wait_stream(self._stream)

    def _record(self, given: Given) -> None:
        """Nothing is computed by recording; a recording that fails has changed nothing."""
        self._held = tuple(None if tensor is None else tensor.clone() for tensor in given)
        graph, reason = torch.cuda.CUDAGraph(), ""
        try:  # other threads (a loader's, the events') may use the device meanwhile
            with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
                try:
                    self._do(*self._held)
                except Exception as error:
                    reason = str(error)  # the recording's own end will only say that something went wrong before
                    raise
        except Exception as error:
            self._failed = True
            self._tell(one_sentence(reason or str(error), 120))
        else:
            self._graph = graph

    def _play(self, graph: torch.cuda.CUDAGraph, given: Given) -> None:
        for held, tensor in zip(self._held, given, strict=True):
            if held is not None and tensor is not None:
                held.copy_(tensor, non_blocking=True)
        graph.replay()

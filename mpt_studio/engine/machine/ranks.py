"""One training in several processes, its ranks, each with a GPU of its own: who works on what, and what is agreed.

``Ranks`` is a process alone, which costs nothing; ``Together`` is the same questions answered over torch.distributed.
The first rank decides whatever depends on a clock, a disk or the user; the others are told. Shape letters: B batch.
"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine.whole_batch import WholeBatch
from mpt_studio.errors import UserError
from mpt_studio.units import count as counted

T = TypeVar("T")
SECONDS_BETWEEN_AGREEMENTS = 0.1
"""Nobody waits for another rank at every step only to hear that training goes on."""


@dataclass(frozen=True)
class Share:
    """What of a step's batch a rank works on."""

    places: Tensor | None = None
    """(B,) int64 places in the batch, ascending; None: all of it."""
    cuts: tuple[int, ...] = ()
    """Where the parts of the whole batch, which is computed in several, end among these."""
    of_loss: float = 1.0
    """What the mean loss over these images is to be taken by, for the mean over the ranks to be that over the batch."""
    counts: bool = True
    """Whether figures are taken of it: not where another rank works on the same images."""

    @property
    def is_part(self) -> bool:
        """Whether other ranks have the rest of the batch."""
        return self.places is not None

    def of(self, batch_B: Tensor) -> Tensor:
        return batch_B if self.places is None else batch_B[self.places]


ALL = Share()


class Ranks:
    """A process that trains alone."""

    rank, count = 0, 1

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes, and that the user talks to."""
        return self.rank == 0

    def device(self, wanted: str) -> torch.device:
        """The device that a recipe asks for. Raises ``UserError`` for one that is not there."""
        return devices.choose(wanted)

    def told(self, where: str) -> str:
        """What computes, for people."""
        return where

    def told_alike(self, device: torch.device) -> str:
        """What computes, for what is kept: the same at every rank."""
        return str(device)

    def share(self, images: int, parts: int) -> Share:
        """Of a batch of so many images, which is computed in so many parts."""
        return ALL

    def learner(self, network: nn.Module, side: int) -> nn.Module:
        """What answers the batches of a training, of images of this side, and whose gradients are everybody's."""
        return network

    def keeps_gradients(self, learner: nn.Module) -> AbstractContextManager[object]:
        """A part of a batch after which more follow: its gradients are not everybody's yet."""
        return nullcontext()

    def whole_batch(self, share: Share) -> AbstractContextManager[object]:
        """Batch normalisation's statistics are those of all ranks' images."""
        return nullcontext()

    def total(self, sums: Tensor) -> Tensor:
        """All ranks' sums at the first one, and nothing at the others, so that they can be added up again."""
        return sums

    def agreed(self, value: T) -> T:
        """The first rank's value."""
        return value

    def decided(self, decide: Callable[[], T], otherwise: T) -> T:
        """What the first rank decides, asked now and then: ``otherwise`` in between."""
        return decide()

    def alike(self, tensors: Iterable[Tensor]) -> None:
        """Give every rank the first one's values."""

    def mine(self, batches: Sequence[T]) -> Sequence[T]:
        """The batches that this rank looks at; each is looked at whole, and once."""
        return batches

    def gathered(self, found: T) -> list[T]:
        """What each rank found."""
        return [found]

    def filled(self, rows: Tensor) -> Tensor:
        """Rows on the CPU, of which each rank has filled in some; the others were zeros."""
        return rows

    def joined(self, found: list[Tensor]) -> list[Tensor]:
        """What all ranks found of all batches, each of its ``mine``, in the order of the batches."""
        return found


ALONE = Ranks()


class Together(Ranks):
    """One of several ranks, whose process group is there.

    Args:
        local_rank: which of its machine's ranks, and so which GPU.
    """

    def __init__(self, rank: int, local_rank: int, count: int) -> None:
        self.rank, self.local_rank, self.count = rank, local_rank, count
        self._learner: DistributedDataParallel | None = None
        self._learning: tuple[bool, ...] = ()
        self._steps_to_go, self._steps, self._agreed_at = 0, 1, time.monotonic()

    def device(self, wanted: str) -> torch.device:
        return device_of(self.local_rank, self.count, wanted)

    def told(self, where: str) -> str:
        return f"{self.count} × {where}"

    def told_alike(self, device: torch.device) -> str:
        return f"{self.count} × {device.type}"

    def share(self, images: int, parts: int) -> Share:
        """Pairs of images as far from the batch's beginning as from its end go to the ranks in turns.

        So mixing, which pairs those, needs no other rank's images, and every part of the batch has some for every rank.
        Where it is too small for that, every rank works on all of it: the same gradient, and no rank without one.
        """
        parts = max(1, min(parts, images // 2))
        if images // parts < 2 * self.count:
            return Share(counts=self.is_first)
        place = torch.arange(images)
        places = place[torch.minimum(place, images - 1 - place) % self.count == self.rank]
        ends = [int(part[-1]) + 1 for part in place.tensor_split(parts)]
        cuts = tuple(int((places < end).sum()) for end in ends[:-1])
        return Share(places, cuts, len(places) * self.count / images)

    def learner(self, network: nn.Module, side: int) -> nn.Module:
        """The network in torch's wrapper, which is made anew when other parameters learn: it listens to those alone."""
        _leave_out_unused(network, side)
        learning = tuple(p.requires_grad for p in network.parameters())
        if self._learner is None or self._learner.module is not network or learning != self._learning:
            self._learner = None  # the one before lets go of its parameters first
            with warnings.catch_warnings():  # torch 2.13 has another word for it, which 2.10 does not know
                warnings.simplefilter("ignore", FutureWarning)
                self._learner = DistributedDataParallel(network, broadcast_buffers=False, gradient_as_bucket_view=True)
            self._learning = learning
        return self._learner

    def keeps_gradients(self, learner: nn.Module) -> AbstractContextManager[object]:
        return learner.no_sync() if isinstance(learner, DistributedDataParallel) else nullcontext()

    def whole_batch(self, share: Share) -> AbstractContextManager[object]:
        return WholeBatch() if share.is_part else nullcontext()

    def total(self, sums: Tensor) -> Tensor:
        dist.all_reduce(sums)
        return sums

    def agreed(self, value: T) -> T:
        box = [value]
        dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
        return box[0]

    def decided(self, decide: Callable[[], T], otherwise: T) -> T:
        """With what is decided, the first rank says how many steps it will be before it is asked again."""
        if self._steps_to_go > 0:
            self._steps_to_go -= 1
            return otherwise
        value, self._steps_to_go = self.agreed((decide(), self._until_next()) if self.is_first else (otherwise, 0))
        return value

    def _until_next(self) -> int:
        now = time.monotonic()
        pace = (now - self._agreed_at) / self._steps
        self._agreed_at = now
        self._steps = max(1, min(2 * self._steps, int(SECONDS_BETWEEN_AGREEMENTS / max(pace, 1e-6))))
        return self._steps - 1

    def alike(self, tensors: Iterable[Tensor]) -> None:
        for tensor in tensors:
            dist.broadcast(tensor, src=0)

    def mine(self, batches: Sequence[T]) -> Sequence[T]:
        return batches[self.rank :: self.count]

    def gathered(self, found: T) -> list[T]:
        everyone: list[T | None] = [None] * self.count
        dist.all_gather_object(everyone, found)
        return everyone  # type: ignore[return-value] # each is filled

    def filled(self, rows: Tensor) -> Tensor:
        dist.all_reduce(rows.view(torch.int32))  # bits and nothing: no number is rounded
        return rows

    def joined(self, found: list[Tensor]) -> list[Tensor]:
        everyone = self.gathered([tensor.cpu() for tensor in found])
        return [everyone[i % self.count][i // self.count] for i in range(sum(map(len, everyone)))]


def device_of(local_rank: int, count: int, wanted: str) -> torch.device:
    """A rank's own. Raises ``UserError`` where there are fewer than ranks."""
    if wanted == "cpu":
        return torch.device("cpu")
    if wanted not in ("auto", "cuda"):
        raise UserError(f"A training over several GPUs takes each of them; leave --device {wanted} out.")
    there = devices.gpus()
    if local_rank >= there:
        raise UserError(
            f"There are {count} ranks, and {counted(there, 'GPU')} that torch can use here; start as many as there are "
            "GPUs (with --device cpu they are processes on the CPU, which shows that it works and is slower than one)."
        )
    return torch.device("cuda", local_rank)


def _leave_out_unused(network: nn.Module, side: int) -> None:
    """What no answer depends on learns nothing; torch's wrapper would wait for its gradient."""
    learning = [p for p in network.parameters() if p.requires_grad]
    modes = [(module, module.training) for module in network.modules()]
    try:
        answers = network.eval()(learning[0].new_zeros(1, 3, side, side))
        gradients = torch.autograd.grad(answers.sum(), learning, allow_unused=True)
    finally:
        for module, training in modes:
            module.training = training
    for parameter, gradient in zip(learning, gradients, strict=True):
        parameter.requires_grad_(gradient is not None)


_HERE = ContextVar("ranks", default=ALONE)


def here() -> Ranks:
    """This process, as it trains now."""
    return _HERE.get()


@contextlib.contextmanager
def as_(ranks: Ranks) -> Iterator[None]:
    """Train as these ranks until the block ends."""
    before = _HERE.set(ranks)
    try:
        yield
    finally:
        _HERE.reset(before)

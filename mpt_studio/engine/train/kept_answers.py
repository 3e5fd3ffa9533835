"""A teacher's answers on an epoch's augmented images, kept for the other candidates of the same update.

Batches and augmentation are pure functions of (seed, epoch, step, sample), so every candidate of an update asks its
teachers about the same pixels in the same batches. The first one that goes through a whole epoch writes the answers
down; the others read them and spare the teacher's forward pass. What is read equals what would be computed, bit for bit
on the CPU; a file that does not match its checksum is told, and the teacher asked again. Shape letters: B batch,
N training samples, K classes of the teacher.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from mpt_studio import paths
from mpt_studio.engine.machine.ranks import ALONE, Ranks
from mpt_studio.engine.networks.weights import load_tensors, save_tensors
from mpt_studio.errors import UserError

KEY = "mpt_studio_answers"
MOST_BYTES = 2 << 30
"""On disk, for one teacher over all epochs; beyond it the answers are computed again by every candidate."""


class Teacher(Protocol):
    """Whatever answers uint8 images with logits."""

    def logits(self, images_BSS3: Tensor) -> Tensor: ...


class Teaching(Protocol):
    """Logits for training samples ``rows_B`` (positions 0 … N − 1), epoch by epoch."""

    def begin(self, epoch: int, first_step: int) -> None: ...
    def logits(self, images_BSS3: Tensor, rows_B: Tensor) -> Tensor: ...
    def end(self) -> str: ...


@dataclass(frozen=True)
class Fixed:
    """Answers to the training images that are the same in every epoch."""

    known: Tensor
    """(N, K) float32; or (N,) the answered classes: then the one answered has the one logit that is not 0."""
    classes: int = 0
    """K, where only answers are known."""

    def begin(self, epoch: int, first_step: int) -> None:
        pass

    def logits(self, images_BSS3: Tensor, rows_B: Tensor) -> Tensor:
        known = self.known[rows_B]
        return known if known.ndim == 2 else F.one_hot(known, self.classes).float()

    def end(self) -> str:
        return ""


class KeptAnswers:
    """A teacher that remembers, epoch by epoch.

    Args:
        teacher: what is asked where nothing is kept.
        folder: where the update keeps answers; None keeps nothing.
        identity: everything that decides what the teacher sees and answers.
        samples: N.
        asked: how many of them an epoch asks about.
        epochs: of the whole run; decides whether there is room.
        ranks: who asks together, each about its own images; the first one writes them down.
    """

    def __init__(
        self,
        teacher: Teacher,
        folder: Path | None,
        identity: Sequence[object],
        *,
        samples: int,
        asked: int,
        epochs: int,
        ranks: Ranks = ALONE,
    ) -> None:
        self.teacher, self._ranks, self._is_kept = teacher, ranks, folder is not None
        name = hashlib.sha256(repr(tuple(identity)).encode()).hexdigest()[:24]
        self._folder = folder / name if folder else None
        self._samples, self._asked, self._epochs = samples, asked, epochs
        self._file: Path | None = None
        self._looked = False
        self._known: Tensor | None = None
        self._made: list[tuple[Tensor, Tensor]] = []
        """Rows and the answers to them, batch by batch."""
        self._is_whole = False
        """Whether the epoch was entered at its beginning."""
        self._lost = ""
        """A sentence about what was kept of this epoch and could not be used."""

    def begin(self, epoch: int, first_step: int) -> None:
        """Enter an epoch; one that is entered in its middle can be read but is not written down."""
        self._file = self._folder / f"{epoch:05d}.safetensors" if self._folder else None
        self._looked = False
        self._known, self._made, self._is_whole = None, [], first_step == 0

    def logits(self, images_BSS3: Tensor, rows_B: Tensor) -> Tensor:
        """(B, K) float32 for the images of the training samples ``rows_B`` (positions 0 … N − 1)."""
        if not self._looked:
            self._known, self._looked = self._read(images_BSS3.device), True
        if self._known is not None:
            return self._known[rows_B]
        answers = self.teacher.logits(images_BSS3).float()
        has_room = self._samples * answers.shape[1] * 4 * self._epochs <= MOST_BYTES
        if self._file and self._is_whole and has_room:
            self._made.append((rows_B, answers))
        return answers

    def end(self) -> str:
        """Leave an epoch; it is written down once every image of it was asked about.

        Returns a sentence where what was kept of it could not be used.
        """
        if self._is_kept:
            mine = [(rows_B.cpu(), answers.cpu()) for rows_B, answers in self._made]
            self._write([made for made_by_one in self._ranks.gathered(mine) for made in made_by_one])
        self._known, self._made = None, []
        lost, self._lost = self._lost, ""
        return lost

    def _write(self, made: list[tuple[Tensor, Tensor]]) -> None:
        if not self._file or not made or not self._ranks.is_first:
            return
        logits = made[0][1].new_zeros((self._samples, made[0][1].shape[1]))
        asked = torch.zeros(self._samples, dtype=torch.bool)
        for rows_B, answers in made:
            logits[rows_B], asked[rows_B] = answers, True
        if asked.sum() < self._asked:
            return
        try:
            content = {"logits": logits}
            paths.replace_file(self._file, lambda new: save_tensors(new, content, KEY, {}), durable=False)
        except OSError:  # a full disk must not end the training: everyone computes the answers again
            self._folder = None

    def _read(self, device: torch.device) -> Tensor | None:
        if not self._file or not self._file.exists():
            return None
        try:
            answers = load_tensors(self._file, KEY, "file of a teacher's answers")[0].get("logits")
        except UserError:
            self._lost = f"A teacher's kept answers {self._file} are damaged; it was asked again, with the same result."
            return None
        fits = answers is not None and answers.ndim == 2 and len(answers) == self._samples
        return answers.to(device) if answers is not None and fits else None

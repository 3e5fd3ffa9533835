"""Images that were looked through when the data were opened, wherever their bytes lie: in files or in shards."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np

from mpt_studio.data import decode, room
from mpt_studio.data.dataset import Dataset, Images, Indices, Kept
from mpt_studio.data.decoded import Decoded, Stored
from mpt_studio.data.fit import Fit, Form, Whole, as_fit
from mpt_studio.data.index import PARTS, Index
from mpt_studio.data.keeping import Files, keep
from mpt_studio.data.verdicts import in_threads
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.files.plain import digest_of

_UNKNOWN = bytes(16)
"""Of a file that is gone: nothing is kept by it."""


class IndexedDataset(Dataset):
    """Images as files have them, decoded when asked for; what ``keep`` has decoded is read from the cache."""

    def __init__(self, spec: str, root: Path, index: Index) -> None:
        self.spec = spec
        self._root, self._index = root, index
        self.class_names, self.sample_ids, self.labels = index.class_names, index.sample_ids, index.labels
        self.train, self.validation, self.test = (np.flatnonzero(index.parts == i) for i in range(len(PARTS)))
        self.skipped, self.notes, self.metadata = index.skipped, index.notes, index.metadata
        width, height = index.sizes[0].tolist()
        self.image_size = width if width == height and bool((index.sizes == width).all()) else 0
        self.content = index.content
        self._kept: dict[Form, Decoded] = {}

    @abstractmethod
    def _content(self, index: int) -> bytes:
        """What the file of an image has now. Raises ``OSError``."""

    @abstractmethod
    def _known(self, index: int) -> bytes | None:
        """What an image as it is now is kept by; None where the system has none."""

    def _content_of(self, chosen: Indices) -> str:
        return self._index.digests[chosen].tobytes().hex()

    def image(self, index: int) -> Images:
        return self._decoded(int(index), 0)

    def sides(self, index: int) -> tuple[int, int]:
        """As they were when the data were opened: nothing is decoded."""
        width, height = self._index.sizes[int(index)].tolist()
        return width, height

    def small_image(self, index: int, at_least: int) -> Images:
        known = self._known(int(index))
        for form in room.existing_wholes(self.spec, at_least):
            kept = self._kept_in(form)
            if kept is not None and known and (image := kept.read(known)) is not None:
                return image
        return self._decoded(int(index), 0, at_least)

    def batch(self, indices: Sequence[int] | Indices, size: int | Fit) -> Images:
        fit = as_fit(size)
        made = np.empty((len(indices), fit.size, fit.size, 3), dtype=np.uint8)
        for row, image in enumerate(self._images(indices, fit)):
            made[row] = image
        return made

    def wholes(self, indices: Sequence[int] | Indices, shorter: int) -> list[Images]:
        return self._images(indices, Whole(shorter))

    def keep(
        self, indices: Sequence[int] | Indices, form: Form, stored: Stored | None = None
    ) -> Generator[tuple[int, int], None, Kept]:
        if stored and self.stored(form) != stored:
            self._kept[form] = Decoded(room.place_of(self.spec, form, stored), stored)
        chosen = [int(i) for i in indices]
        files = Files(
            spec=self.spec,
            known=[self._known(i) or _UNKNOWN for i in chosen],
            sizes=self._index.sizes[chosen].tolist(),
            decode=lambda position: self._decoded(chosen[position], form),
        )
        return (yield from keep(files, form, self._kept_in(form), may_pack=stored is None))

    def stored(self, form: Form) -> Stored:
        kept = self._kept_in(form)
        return kept.stored if kept else "pixels"

    def _images(self, indices: Sequence[int] | Indices, form: Form) -> list[Images]:
        """From what is kept, else decoded by threads."""
        chosen, kept = [int(i) for i in indices], self._kept_in(form)
        found = [kept.read(known) if kept and (known := self._known(i)) else None for i in chosen]
        missing = [i for i, image in zip(chosen, found, strict=True) if image is None]
        made = in_threads(lambda i: self._decoded(i, form), missing) if missing else iter(())
        return [_as_stored(next(made), kept) if image is None else image for image in found]

    def _kept_in(self, form: Form) -> Decoded | None:
        """What is kept of these data in a form by now; None where nothing is."""
        found = self._kept.get(form) or room.existing(self.spec, form)
        if found is not None:
            self._kept[form] = found
            found.load()
        return found

    def _decoded(self, index: int, form: int | Form, at_least: int = 0) -> Images:
        try:
            content = self._content(index)
            if digest_of(content) == self._index.digests[index].tobytes():
                return decode.decode(content, form, at_least=at_least)
            problem = "changed"
        except FileNotFoundError:
            problem = "vanished"
        except OSError as error:
            problem = f"become unreadable ({error.strerror or error})"
        except decode.BadImage as bad:
            problem = f"become unreadable ({bad})"
        name = one_sentence(str(self.sample_ids[index]))
        raise UserError(f"The image {name} in {self._root} has {problem} since the data were opened; open them again.")


def _as_stored(image: Images, kept: Decoded | None) -> Images:
    return kept.as_stored(image) if kept else image

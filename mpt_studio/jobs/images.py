"""Opening data for a job: what was left out and the samples' further columns are kept as files in the store."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path

from mpt_studio.data import Dataset, open_dataset
from mpt_studio.data.lists import write_metadata, write_skipped
from mpt_studio.errors import UserError
from mpt_studio.jobs.session import Session, absolute_spec
from mpt_studio.store import Store


def open_data(session: Session, spec: str) -> Dataset:
    """Open a data set and keep its lists: ``skipped_file`` and ``metadata_file``. Raises ``UserError``."""
    dataset = open_dataset(absolute_spec(spec), session.progress)
    keep_lists(session.store, dataset)
    return dataset


def keep_lists(store: Store, dataset: Dataset) -> None:
    """Write the lists of these data, or delete those of an earlier opening; a full disk only costs the lists."""
    lists = (
        (skipped_file(store, dataset), bool(dataset.skipped), write_skipped),
        (metadata_file(store, dataset), bool(dataset.metadata), write_metadata),
    )
    for path, wanted, write in lists:
        with contextlib.suppress(OSError):
            write(dataset, path) if wanted else path.unlink(missing_ok=True)


def skipped_file(store: Store, dataset: Dataset) -> Path:
    """Where the list of what was left out of these data is kept; there is no file where nothing was."""
    return store.root / "skipped" / f"{_name(dataset)}.csv"


def metadata_file(store: Store, dataset: Dataset) -> Path:
    """Where the further columns of a manifest are kept; there is no file where there are none."""
    return store.root / "metadata" / f"{_name(dataset)}.csv"


def write_skipped_to(path: Path, dataset: Dataset) -> None:
    """The list at a place of the user's choice. Raises ``UserError``."""
    try:
        write_skipped(dataset, path.expanduser().absolute())
    except OSError as error:
        raise UserError(f"The list cannot be written to {path} ({error.strerror or error}).") from None


def skipped_sentence(dataset: Dataset, store: Store | None = None) -> str:
    """How many images every version does without, and where they are listed."""
    count = len(dataset.skipped)
    one = count == 1
    text = f"{count:,} image{'' if one else 's'} cannot be read and {'is' if one else 'are'} left out of every version"
    kept = skipped_file(store, dataset) if store is not None else None
    return f"{text}; see {kept}." if kept is not None and kept.is_file() else f"{text}."


def _name(dataset: Dataset) -> str:
    """The folder's or manifest's name for people, and a hash that tells it from others of that name."""
    last = re.sub(r"[^\w\-]+", "_", Path(dataset.spec.partition(":")[2] or dataset.spec).name)[:60]
    return f"{last}-{hashlib.sha256(dataset.spec.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}"

"""What the system says of a disk, as a sentence that says what to do."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from mpt_studio.errors import UserError
from mpt_studio.store.disk import written_to


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "There is no space left for store; free some"),
        (errno.EROFS, "store is on a read-only disk"),
        (errno.EACCES, "There is no permission to write to store"),
        (errno.EIO, "store could not be written"),
    ],
)
def test_that_a_full_or_closed_disk_is_a_sentence(code: int, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence), written_to(Path("store")):
        raise OSError(code, "as the system says it")

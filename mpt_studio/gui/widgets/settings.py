"""What the window remembers: the user's choices and, apart from them, where its parts were. Two small JSON files.

A damaged, foreign or unwritable file never stops the start; its values are the defaults then.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray

from mpt_studio import paths
from mpt_studio.gui.widgets.theme import Scheme

log = logging.getLogger(__name__)
RECENT = 9
"""How many recent files are kept: Ctrl+1…9."""


class JsonFile:
    """A JSON object on disk, read once, written as a whole when a value changes."""

    def __init__(self, name: str) -> None:
        self.path = paths.config_dir() / name
        self.values = self._read()

    def _read(self) -> dict[str, Any]:
        try:
            values = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            log.warning("%s is not readable (%s); using defaults", self.path, error)
            return {}
        return values if isinstance(values, dict) else {}

    def set(self, **values: Any) -> None:
        """Change values and write them."""
        changed = {**self.values, **values}
        if changed == self.values:
            return
        self.values = changed
        try:
            paths.write_text(self.path, json.dumps(self.values, indent=1, ensure_ascii=False))
        except OSError as error:
            log.warning("%s cannot be written (%s)", self.path, error)


class Settings(JsonFile):
    """The user's choices: scheme and recent files."""

    def __init__(self) -> None:
        super().__init__("settings.json")

    @property
    def scheme(self) -> Scheme:
        """Light, dark, or as the system says."""
        chosen = self.values.get("scheme")
        return chosen if chosen in ("light", "dark") else "system"

    @scheme.setter
    def scheme(self, chosen: Scheme) -> None:
        self.set(scheme=chosen)

    @property
    def reopens(self) -> bool:
        """Whether the window begins with what was open last."""
        return self.values.get("reopens") is not False

    @reopens.setter
    def reopens(self, wanted: bool) -> None:
        self.set(reopens=wanted)

    @property
    def recent(self) -> list[str]:
        """Paths and data specs opened last, newest first."""
        found = self.values.get("recent")
        return [str(entry) for entry in found if isinstance(entry, str)][:RECENT] if isinstance(found, list) else []

    def add_recent(self, *opened: str) -> None:
        """Put what was opened first."""
        self.set(recent=list(dict.fromkeys([*opened, *self.recent]))[:RECENT])

    def folder(self) -> str:
        """Where the file dialog starts."""
        found = self.values.get("folder")
        return found if isinstance(found, str) and Path(found).is_dir() else str(Path.home())


class WindowState(JsonFile):
    """Geometry and docks."""

    def __init__(self) -> None:
        super().__init__("window.json")

    def bytes_of(self, name: str) -> QByteArray | None:
        """A value that Qt made; None where there is none that makes sense."""
        try:
            return QByteArray(base64.b64decode(str(self.values[name]), validate=True))
        except (KeyError, binascii.Error, ValueError):
            return None

    def restore(self, name: str, how: Callable[[QByteArray], bool]) -> bool:
        """Hand a remembered value to Qt; tells whether Qt took it."""
        value = self.bytes_of(name)
        return value is not None and bool(how(value))

    def save(self, **values: QByteArray) -> None:
        """Remember Qt's values."""
        self.set(**{name: base64.b64encode(value.data()).decode() for name, value in values.items()})

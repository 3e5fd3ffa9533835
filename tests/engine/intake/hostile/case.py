"""One hostile file, and the canaries that tell whether it was obeyed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Canary:
    """What must not happen: ``appears`` comes to be, ``stays`` vanishes, somebody knocks at ``port``."""

    appears: Path
    stays: Path
    port: int

    @classmethod
    def laid(cls, folder: Path, port: int) -> Canary:
        """In a folder that is made."""
        folder.mkdir(parents=True)
        (folder / "stays").write_text("x")
        return cls(folder / "appears", folder / "stays", port)

    @property
    def shell(self) -> str:
        return f"touch {self.appears}"

    @property
    def argv(self) -> list[str]:
        return ["touch", str(self.appears)]

    @property
    def python(self) -> str:
        return f"open({str(self.appears)!r}, 'w').close()"

    def has_sung(self) -> bool:
        return self.appears.exists() or not self.stays.exists()


@dataclass(frozen=True)
class Hostile:
    """A case: ``write(folder, canary)`` makes what is to be opened and gives its path."""

    group: str
    name: str
    write: Callable[[Path, Canary], Path]


def laid(case: Hostile, home: Path, port: int) -> tuple[Canary, Path]:
    """A case on disk below ``home``, with its canary."""
    canary = Canary.laid(home / "canary", port)
    (home / "file").mkdir()
    return canary, case.write(home / "file", canary)


class Listener:
    """A port of this machine that nobody may knock at."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def knocks(self) -> int:
        """How many came since the last call; they are sent away."""
        count = 0
        while True:
            try:
                self._socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def close(self) -> None:
        self._socket.close()


def file(group: str, name: str, content: Callable[[], bytes] | bytes, suffix: str = ".pth") -> Hostile:
    """A case that is one file whose bytes need no canary."""

    def write(folder: Path, canary: Canary) -> Path:
        path = folder / f"{name.replace('/', '_')}{suffix}"
        path.write_bytes(content() if callable(content) else content)
        return path

    return Hostile(group, name, write)

"""Weights files of any origin, read in a limited child process; what was decided about a file is remembered.

A file is known by its SHA-256. What a person chose for it lies in ``<store>/versions/<sha256>.json``; the normalised
file and the report lie in the cache and are made again where they are missing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mpt_studio import paths
from mpt_studio.checkpoint import Checkpoint, Preprocessing, has_our_header, read_checkpoint
from mpt_studio.errors import Interrupted, UserError, one_sentence
from mpt_studio.jobs.session import Session
from mpt_studio.reading import Choices, Need, Reading, choices_from_json, reading_from_json, to_json
from mpt_studio.store.disk import written_to

NOTHING_CHOSEN = Choices()
OURS = ".safetensors"
RULES = 1
"""Raised where files would be read differently, so that nothing is taken from the cache."""
MOST_REPORT = 64 << 20
_POLL = 0.05
_SECONDS = {"loading": 60.0, "checking": 8.0, "starting": 60.0, "reading": 8.0, "recognising": 120.0, "writing": 60.0,
            "trying": 8.0}  # fmt: skip
"""How long each step of the child may take for a small file; large ones get a second per 100 MB more."""
_STEPS = {
    "loading": "Starting to read", "checking": "Checking", "starting": "Loading PyTorch for", "reading": "Reading",
    "recognising": "Recognising", "writing": "Converting", "trying": "Trying",
}  # fmt: skip
_BESIDE = (
    "config.json", "preprocessor_config.json", "labels.txt", "classes.txt", "class_to_idx.json", "class_names.txt",
    "labels.json", "classes.json", "args.yaml", "hparams.yaml", "README.md",
)  # fmt: skip
"""Files beside the weights that may tell classes and preprocessing: where they change, the file is read again."""


def read_version(
    session: Session, path: Path, choices: Choices = NOTHING_CHOSEN, data_classes: tuple[str, ...] = ()
) -> Reading:
    """What a weights file or folder of any origin is. The work is done once per content and choices.

    ``choices`` win over what was chosen for the same content before, and are remembered. ``data_classes`` are offered
    as names where nothing else names the outputs.

    Raises:
        UserError: it is no weights file, or is damaged or dangerous; one sentence of at most 200 characters.
        Interrupted: the session was interrupted or cancelled; the child has been killed.
    """
    path = path.expanduser().absolute()
    sha256 = content_sha256(path)
    chosen = _remembered(session, sha256, choices)
    folder = paths.cache_dir() / "versions" / _key(path, sha256, chosen, data_classes)
    found = _cached(folder, path)
    if found is None:
        with _new_folder(folder) as out:
            _run_child(session, path, sha256, chosen, data_classes, out)
            _refuse(out)
        found = _cached(folder, path)
    if found is None:
        raise UserError(f"{_name(path)} could not be read: its report is missing; try again.")
    return found


def checkpoint_of(
    session: Session, path: Path, choices: Choices = NOTHING_CHOSEN, data_classes: tuple[str, ...] = ()
) -> Checkpoint:
    """The version in a file of any origin, ready to be used; ours are taken as they are.

    Raises ``UserError`` where it cannot be read, or where a person has to say something first: then the sentence names
    the option.
    """
    if is_ours(path):
        if choices != NOTHING_CHOSEN:
            raise UserError(f"{_name(path)} was written by MPT Studio and describes itself; leave the options out.")
        return read_checkpoint(path)
    reading = read_version(session, path, choices, data_classes)
    if reading.needs or reading.checkpoint is None:
        raise UserError(missing_sentence(reading))
    return reading.checkpoint


def with_preprocessing(session: Session, path: Path, choices: Choices, changes: dict[str, Any]) -> Choices:
    """The choices with a preprocessing that differs from what the file says only in ``changes``.

    Raises ``UserError`` where the file says nothing and ``changes`` do not make a whole.
    """
    found = None if is_ours(path) else read_version(session, path, choices).preprocessing
    if found is not None:
        return dataclasses.replace(choices, preprocessing=dataclasses.replace(found, **changes))
    lacking = [f"--{name.replace('_', '-')}" for name in ("image_size", "mean", "std") if name not in changes]
    if lacking:
        raise UserError(f"{_name(path)} does not say how its images are prepared; give {_list(lacking)} too.")
    return dataclasses.replace(choices, preprocessing=Preprocessing(**changes))


def _name(path: Path) -> str:
    """A foreign name, fit to be shown."""
    return one_sentence(path.name or str(path), 60)


def _list(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def is_ours(path: Path) -> bool:
    """Whether a file was written by this program; what only looks like it is refused by ``read_checkpoint``."""
    return has_our_header(path)


def is_version_folder(path: Path) -> bool:
    """Whether a folder holds weights, as Hugging Face lays them out."""
    from mpt_studio.engine.intake.folder import holds_weights

    return path.is_dir() and holds_weights(path)


def missing_sentence(reading: Reading) -> str:
    """What a person has to say before a version can be used, and by which option."""
    name = _name(Path(reading.path))
    first: Need = reading.needs[0] if reading.needs else "architecture"
    if first == "architecture":
        fits = [candidate.arch for candidate in reading.candidates if candidate.exact]
        if fits:
            return f"{name} fits {_few(fits)}; say which with --arch."
        near = reading.candidates[0] if reading.candidates else None
        closest = f" The closest is {near.arch}: {near.difference}" if near else ""
        return one_sentence(f"The architecture of {name} is not known; name it with --arch.{closest}", 400)
    if first == "class_names":
        return (
            f"{name} does not say what its {reading.classes:,} outputs mean; "
            "name the classes in their order with --classes (a file with one name per line, or a,b,c)."
        )
    return f"{name} does not say how its images are prepared; give --image-size, --mean and --std."


def _few(names: list[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def content_sha256(path: Path) -> str:
    """Hex SHA-256 of a file; of a folder, over names and hashes of the files directly in it. Raises ``UserError``."""
    name = _name(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return paths.sha256_of(path)
        if not stat.S_ISDIR(mode):
            raise UserError(f"{name} is not a file but a pipe, a socket or a device; name a file of weights.")
        return _folder_sha256(path)
    except FileNotFoundError:
        raise UserError(f"There is no file {one_sentence(str(path), 150)}.") from None
    except OSError as error:
        raise UserError(f"{name} cannot be opened ({error.strerror or error}).") from None


_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".onnx", ".json", ".txt")


def _folder_sha256(folder: Path) -> str:
    digest = hashlib.sha256(b"folder")
    for entry in sorted(folder.iterdir()):
        if entry.suffix.lower() in _WEIGHTS and entry.is_file():
            digest.update(f"{entry.name} {paths.sha256_of(entry)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


# What was chosen


def _remembered(session: Session, sha256: str, choices: Choices) -> Choices:
    """The choices, completed by those made before for the same content; new ones are written down."""
    path = session.store.root / "versions" / f"{sha256}.json"
    before = _read_choices(path)
    given = {f.name: v for f in dataclasses.fields(choices) if (v := getattr(choices, f.name)) not in ("", None, ())}
    merged = dataclasses.replace(before, **given)
    if merged != before:
        with written_to(path):
            paths.write_text(path, json.dumps(to_json(merged), ensure_ascii=False, indent=1))
    return merged


def _read_choices(path: Path) -> Choices:
    try:
        return choices_from_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError):
        return Choices()


# The cache


def _key(path: Path, sha256: str, choices: Choices, data_classes: tuple[str, ...]) -> str:
    """Everything that a reading depends on, as a folder's name."""
    home = path if path.is_dir() else path.parent
    beside = {name: _small_hash(home / name) for name in (*_BESIDE, f"{path.stem}.json", f"{path.stem}.txt")}
    parts = [RULES, sha256, path.name, to_json(choices), data_classes, beside]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _small_hash(path: Path) -> str:
    try:
        return paths.sha256_of(path) if path.is_file() and path.stat().st_size < 16 << 20 else ""
    except OSError:
        return ""


def _cached(folder: Path, path: Path) -> Reading | None:
    """The reading in a folder of the cache; None where there is none that can be used."""
    record = _report(folder)
    try:
        found = reading_from_json({**record, "path": str(path)})
    except (ValueError, TypeError):
        return None
    if found.checkpoint is None:
        return found
    file = folder / Path(found.checkpoint.path).name
    if not file.is_file():
        return None
    return dataclasses.replace(found, checkpoint=dataclasses.replace(found.checkpoint, path=str(file)))


def _report(folder: Path) -> dict[str, Any]:
    """What the child has written; empty where that cannot be read."""
    report = folder / "report.json"
    try:
        found = json.loads(report.read_text("utf-8")) if report.stat().st_size <= MOST_REPORT else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _refuse(folder: Path) -> None:
    """Raise the child's refusal, if it is one. It is not kept: next time, there may be more memory."""
    error = _report(folder).get("error")
    if error:
        raise UserError(one_sentence(str(error), 200))


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill, which becomes ``folder`` at once or not at all."""
    with written_to(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        out = Path(tempfile.mkdtemp(prefix=".reading-", dir=folder.parent))
    try:
        yield out
        shutil.rmtree(folder, ignore_errors=True)
        with written_to(folder):
            os.replace(out, folder)
    finally:
        shutil.rmtree(out, ignore_errors=True)


# The child


def _run_child(
    session: Session, path: Path, sha256: str, choices: Choices, data_classes: tuple[str, ...], out: Path
) -> None:
    request = out / "request.json"
    record = {"path": str(path), "choices": to_json(choices), "data_classes": data_classes, "sha256": sha256}
    request.write_text(json.dumps(record), "utf-8")
    with (out / "errors.txt").open("wb") as errors:
        process = _started(request, out, errors)
        try:
            problem = _followed(session, process, path)
        finally:
            _kill(process)
    if problem or not (out / "report.json").is_file():
        sentence = problem or _crash_sentence(path, process.returncode)
        (out / "report.json").unlink(missing_ok=True)
        raise UserError(sentence)


def _started(request: Path, out: Path, errors: IO[bytes]) -> subprocess.Popen[str]:
    """The child: its own session, no input, no GPU, no switches that change what torch or Python do.

    ``-P`` keeps modules that lie in the current folder, beside somebody's checkpoint, from being imported.
    """
    program = ["-P", "-m", "mpt_studio.engine.intake.child"]
    if getattr(sys, "frozen", False):
        program = ["read-foreign-file"]
    return subprocess.Popen(
        [sys.executable, *program, str(request), str(out)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=out,
        env=_environment(),
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    dropped = ("TORCH_", "PYTORCH_", "PYTHONSTARTUP", "PYTHONINSPECT", "LD_PRELOAD", "PYTHONPATH", "CUDA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    home = str(Path(__file__).resolve().parents[2])
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**kept, **threads, "PYTHONPATH": home, "CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1"}


def _followed(session: Session, process: subprocess.Popen[str], path: Path) -> str:
    """Wait for the child's end; a sentence where it took too long. Cancelling and interrupting raise."""
    steps = _Steps(process)
    size = _bytes_of(path)
    while process.poll() is None:
        if session.interrupted():
            raise Interrupted("Interrupted while a file was read.")
        session.progress(f"{_STEPS[steps.current]} {_name(path)}", None)
        limit = _SECONDS[steps.current] + size / 1e8
        if steps.seconds() > limit:
            what = _name(path)
            return f"{what} was not read: {steps.current} it took more than {limit:.0f} s, far too long for its size."
        time.sleep(_POLL)
    return ""


class _Steps:
    """At which step the child is and since when, from the words on its stdout."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.current, self.since = "loading", time.monotonic()
        assert process.stdout is not None
        threading.Thread(target=self._listen, args=(process.stdout,), name="reading", daemon=True).start()

    def seconds(self) -> float:
        return time.monotonic() - self.since

    def _listen(self, lines: IO[str]) -> None:
        for line in lines:
            if line.strip() in _SECONDS:
                self.current, self.since = line.strip(), time.monotonic()


def _bytes_of(path: Path) -> int:
    try:
        return sum(p.stat().st_size for p in path.iterdir() if p.is_file()) if path.is_dir() else path.stat().st_size
    except OSError:
        return 0


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):  # Windows has no groups of processes
            process.kill()
    process.wait()


def _crash_sentence(path: Path, code: int | None) -> str:
    name = _name(path)
    if code is not None and code < 0:
        why = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return (
            f"{name} was not read: its reader was ended by the system ({why}); it is damaged or needs too much memory."
        )
    return f"{name} was not read: its reader failed (code {code}); please report this with the file's origin."


def as_json(reading: Reading) -> dict[str, Any]:
    """For the window and for ``--json``."""
    return to_json(reading)

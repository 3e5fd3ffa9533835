"""Weights files of any origin, read in a limited child process; what was decided about a file is remembered.

A file is known by its SHA-256. What a person chose for it lies in ``<store>/versions/<sha256>.json``; the normalised
file and the report lie in the cache (``readings``).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mpt_studio import paths
from mpt_studio.checkpoint import Checkpoint, Preprocessing, has_our_header, read_checkpoint
from mpt_studio.errors import UserError, a_few, one_sentence, shown_name
from mpt_studio.files.kinds import WEIGHTS
from mpt_studio.files.opened import refusal
from mpt_studio.files.plain import sha256_of
from mpt_studio.files.sniff import check_looks
from mpt_studio.jobs import readings
from mpt_studio.jobs.reader_process import bytes_of, run_child, state_of
from mpt_studio.jobs.session import Session
from mpt_studio.reading import NOTHING_CHOSEN, Choices, Need, Reading, choices_from_json, to_json
from mpt_studio.store.disk import written_to
from mpt_studio.store.run import read_run
from mpt_studio.store.store import Store

LARGE = 1 << 30
"""Bytes from which a file is looked at before it is hashed."""
_HASHED = (*WEIGHTS.suffixes, ".txt")
"""Of a folder's files, those that tell it from others."""


def read_version(
    session: Session,
    path: Path,
    choices: Choices = NOTHING_CHOSEN,
    data_classes: tuple[str, ...] = (),
    *,
    forget: bool = False,
) -> Reading:
    """What a weights file or folder of any origin is. The work is done once per content and choices.

    ``choices`` win over what was chosen for the same content before, and are remembered; with ``forget`` they take its
    place. ``data_classes`` are offered as names where nothing else names the outputs.

    Raises:
        UserError: it is no weights file, or is damaged or dangerous; one sentence of at most 200 characters.
        Interrupted: the session was interrupted or cancelled; the child has been killed.
    """
    reading = reading_of(session, path, choices, data_classes, forget=forget)
    if reading.is_backbone:
        raise UserError(
            f"{shown_name(path)} is a backbone of {reading.candidates[0].arch} without a head that is known here: "
            "a training can start from it; to have its answers, export it to ONNX."
        )
    return reading


def read_start(session: Session, path: Path, choices: Choices = NOTHING_CHOSEN) -> Reading:
    """Weights of any origin as what a training begins with, in ``checkpoint``; ``sha256`` is of the file as named.

    A head is welcome and not needed: the written file has the head's tensors where ``class_names`` names their rows,
    else only the others, under the network's own names.

    Raises ``UserError`` where the file cannot be read, or where a person has to say something first: then the sentence
    names the option.
    """
    if has_our_header(path):
        refuse_choices(path, choices)
    reading = reading_of(session, path, choices, for_start=True)
    if reading.needs or reading.checkpoint is None:
        raise UserError(missing_sentence(reading))
    if reading.checkpoint.architecture == "onnx":
        raise UserError(
            f"{shown_name(path)} is an ONNX graph, which has answers but nothing that a training starts from."
        )
    return reading


def start_of(session: Session, path: Path, arch: str) -> Checkpoint:
    """The weights that a training of ``arch`` begins with, described; what this store wrote is taken as it is.

    A file that may be several architectures, or is one only by order and shape, is taken for ``arch`` where that is
    among them: who trains it has said so. Without names of classes there is no head in what is read. Raises
    ``UserError`` as ``read_start`` does.
    """
    if has_our_header(path) and is_own(session.store, path):
        return read_checkpoint(path)
    seen = reading_of(session, path, for_start=True)
    is_asked = seen.checkpoint is None and arch in {candidate.arch for candidate in seen.candidates}
    start = read_start(session, path, Choices(arch=arch) if is_asked else NOTHING_CHOSEN)
    assert start.checkpoint is not None
    return dataclasses.replace(start.checkpoint, source_sha256=start.sha256)


def reading_of(
    session: Session,
    path: Path,
    choices: Choices = NOTHING_CHOSEN,
    data_classes: tuple[str, ...] = (),
    *,
    forget: bool = False,
    for_start: bool = False,
) -> Reading:
    """As ``read_version``, of a backbone without a head too; ``for_start``, names of classes are not asked for."""
    path = paths.named(path).absolute()
    _refuse_at_once(path)
    before = state_of(path)
    sha256 = content_sha256(path, lambda: session.progress(f"Hashing {shown_name(path)}", None))
    notes = session.store.root / "versions" / f"{sha256}.json"
    known = _read_choices(notes)
    chosen = choices if forget else _merged(known, choices)
    home = paths.cache_dir() / "versions"
    folder = home / readings.key(path, sha256, chosen, data_classes, for_start)
    found = _without_data(home / readings.key(path, sha256, chosen, (), for_start), path)
    found = found or readings.cached(folder, path)
    if found is None:
        with readings.new_folder(folder) as out:
            run_child(session, path, sha256, chosen, data_classes, out, for_start=for_start)
            readings.refuse(out)
            if state_of(path) != before:
                raise UserError(f"{shown_name(path)} was changed while it was read; open it again.")
        readings.prune(home)
        found = readings.cached(folder, path)
    if found is None:
        raise UserError(f"{shown_name(path)} could not be read: its report is missing; try again.")
    if chosen != known:  # only now: a choice that does not fit the file has been refused above
        _write_choices(notes, chosen)
    return found


def _without_data(folder: Path, path: Path) -> Reading | None:
    """A reading that was made without data, where it has class names by itself: data would change nothing."""
    found = readings.cached(folder, path)
    return None if found is None or "class_names" in found.needs else found


def checkpoint_of(
    session: Session, path: Path, choices: Choices = NOTHING_CHOSEN, data_classes: tuple[str, ...] = ()
) -> Checkpoint:
    """The version in a file of any origin, ready to be used; what this store wrote is taken as it is.

    Raises ``UserError`` where it cannot be read, or where a person has to say something first: then the sentence names
    the option.
    """
    if has_our_header(path):
        refuse_choices(path, choices)
        if is_own(session.store, path):
            return read_checkpoint(path)
    reading = read_version(session, path, choices, data_classes)
    if reading.needs or reading.checkpoint is None:
        raise UserError(missing_sentence(reading))
    return reading.checkpoint


def with_preprocessing(session: Session, path: Path, choices: Choices, changes: dict[str, Any]) -> Choices:
    """The choices with a preprocessing that differs from what the file says only in ``changes``.

    Raises ``UserError`` where the file says all of it, or says nothing and ``changes`` do not make a whole.
    """
    if has_our_header(path):
        raise _describes_itself(path)
    found = reading_of(session, path, choices).preprocessing
    if found is not None:
        sized = found.sized(changes.get("image_size", found.image_size))
        return dataclasses.replace(choices, preprocessing=dataclasses.replace(sized, **changes))
    lacking = [f"--{name.replace('_', '-')}" for name in ("image_size", "mean", "std") if name not in changes]
    if lacking:
        raise UserError(f"{shown_name(path)} does not say how its images are prepared; give {_list(lacking)} too.")
    return dataclasses.replace(choices, preprocessing=Preprocessing(**changes))


def _list(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def weights_in(path: Path) -> Path:
    """The file itself, or the version that a run's folder keeps. Raises ``UserError`` where that has none."""
    folder = paths.named(path)
    if not (folder / "run.json").is_file():
        return path
    kept = read_run(folder).checkpoint
    if kept is None:
        raise UserError(f"The run {one_sentence(folder.name, 80)} has no version yet; resume it first.")
    return kept


def weights_of(session: Session, name: str) -> Path:
    """The weights of a version by its file, its run's folder or its run's id. Raises ``UserError``."""
    path = paths.named(name)
    return weights_in(path if path.exists() else session.store.run_folder(name))


def refuse_choices(path: Path, choices: Choices) -> None:
    """Raise ``UserError`` where something is said of a file with our header, which describes itself."""
    if choices != NOTHING_CHOSEN:
        raise _describes_itself(path)


def _describes_itself(path: Path) -> UserError:
    return UserError(f"{shown_name(path)} was written by MPT Studio and describes itself; leave the options out.")


def is_own(store: Store, path: Path) -> bool:
    """Whether the file is a version whose SHA-256 this store noted when it wrote it, or a reading in the cache.

    Nothing inside of a file proves that: who can write a file can write our header, checksum and all.
    """
    full, runs = path.resolve(), store.root.resolve() / "runs"
    if full.is_relative_to((paths.cache_dir() / "versions").resolve()):
        return True
    if not full.is_relative_to(runs):
        return False
    try:
        noted = read_run(runs / full.relative_to(runs).parts[0]).noted(full)
    except UserError:
        return False
    return bool(noted) and _sha256_at(full, *state_of(full)) in noted


@functools.lru_cache(64)
def _sha256_at(path: Path, size: int, changed: int) -> str:
    """Hashed again only where size or date changed: a version is asked about with every image that is looked at."""
    return sha256_of(path)


def missing_sentence(reading: Reading) -> str:
    """What a person has to say before a version can be used, and by which option; said once, it is remembered."""
    name = shown_name(Path(reading.path))
    once = f"once, with mpt-studio inspect {name}"
    first: Need = reading.needs[0] if reading.needs else "architecture"
    if first == "weights":
        return (
            f"{name} holds its weights twice, as they were trained last and averaged; "
            f"say which {once} --weights raw (or ema)."
        )
    if first == "architecture":
        first_fit = reading.candidates[0] if reading.candidates else None
        fits = list(dict.fromkeys(candidate.arch for candidate in reading.candidates if candidate.exact))
        if first_fit is not None and first_fit.agreement:
            others = f" or {a_few(fits[1:], 6)}" if fits[1:] else ""
            return (
                f"Is {name} {fits[0]}{others}, under the names of another port? {first_fit.agreement}; "
                f"say so {once} --arch {fits[0]}."
            )
        if len(fits) == 1:
            which = "with the stem for small images and without it; say which"
            return f"{name} fits {fits[0]} {which} {once} --small-stem on (or off)."
        if fits:
            return f"{name} fits {a_few(fits, 6)}; say which {once} --arch NAME."
        near = reading.candidates[0] if reading.candidates else None
        closest = f" The closest is {near.arch}: {near.difference}" if near else ""
        return one_sentence(f"The architecture of {name} is not known; name it {once} --arch NAME.{closest}", 400)
    said = reading.reasons.get(first, "")
    if first == "class_names":
        how = f"name the classes in their order {once} --classes FILE (or a,b,c)."
        return _asked(name, said, f"does not say what its {reading.classes:,} outputs mean", how)
    how = f"tell it {once} --image-size … --mean … --std …"
    return _asked(name, said, "does not say how its images are prepared", how)


def _asked(name: str, said: str, lacks: str, how: str) -> str:
    """What is there and could not be taken is quoted; else it is said to lack."""
    return f"{name}: {said} {how[:1].upper()}{how[1:]}" if said else f"{name} {lacks}; {how}"


def _refuse_at_once(path: Path) -> None:
    """Refuse, before it is hashed, a large file that could not be read anyway. Raises ``UserError``."""
    from mpt_studio.engine.intake import limits

    size, free = bytes_of(path), limits.free_memory()
    if size < LARGE or not path.is_file():
        return
    check_looks(path)
    if free and size > free:
        raise refusal(path, f"has {size / 1e9:,.0f} GB, more than the free memory; read it on a larger machine")


def content_sha256(path: Path, beat: Callable[[], None] = lambda: None) -> str:
    """Hex SHA-256 of a file; of a folder, over names and hashes of the files directly in it. Raises ``UserError``.

    ``beat`` is called now and then; what it raises ends the hashing.
    """
    name = shown_name(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return sha256_of(path, beat)
        if not stat.S_ISDIR(mode):
            raise UserError(f"{name} is not a file but a pipe, a socket or a device; name a file of weights.")
        return _folder_sha256(path, beat)
    except FileNotFoundError:
        raise UserError(f"There is no file {one_sentence(str(path), 150)}.") from None
    except OSError as error:
        raise UserError(f"{name} cannot be opened ({error.strerror or error}).") from None
    except ValueError:  # a zero byte
        raise UserError(f"{name} cannot be opened; no file has such a name.") from None


def _folder_sha256(folder: Path, beat: Callable[[], None]) -> str:
    digest = hashlib.sha256(b"folder")
    for entry in sorted(folder.iterdir()):
        if entry.suffix.lower() in _HASHED and entry.is_file():
            digest.update(f"{entry.name} {sha256_of(entry, beat)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


# What was chosen


def _merged(known: Choices, choices: Choices) -> Choices:
    """The choices, completed by those made before for the same content."""
    given = {f.name: v for f in dataclasses.fields(choices) if (v := getattr(choices, f.name)) not in ("", None, ())}
    if given.get("arch", known.arch) != known.arch and "small_stem" not in given:
        given["small_stem"] = None  # it was said of another architecture
    return dataclasses.replace(known, **given)


def _write_choices(path: Path, choices: Choices) -> None:
    with written_to(path):
        if choices == NOTHING_CHOSEN:
            path.unlink(missing_ok=True)
            return
        paths.write_text(path, json.dumps(to_json(choices), ensure_ascii=False, indent=1))


def _read_choices(path: Path) -> Choices:
    try:
        return choices_from_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError):
        return Choices()

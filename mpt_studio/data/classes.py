"""Class names: their order, which of them are dangerous look-alikes, and which ones the old model knows."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence

from mpt_studio import paths
from mpt_studio.errors import UserError, one_sentence, quoted
from mpt_studio.files.class_lists import names_in, separated

SAY_OLD_CLASSES = (
    "Say which classes the old model knows: a count, names separated by commas, or a file; or give its checkpoint."
)


def natural_key(text: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Sort key in which "class2" comes before "class10" and case matters last."""
    parts = re.split(r"([0-9]+)", text)
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts if p), text


def check_no_twins(names: Iterable[str], where: str) -> None:
    """Raise ``UserError`` where two names differ only by case or by Unicode normal form."""
    seen: dict[str, str] = {}
    for name in names:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
        if key in seen:
            raise UserError(
                f"The classes {quoted([seen[key], name])} in {where} differ only by upper and lower case or by how "
                "accents are stored; rename one of them or merge their folders."
            )
        seen[key] = name


def resolve_old_classes(text: str, class_names: tuple[str, ...]) -> tuple[str, ...]:
    """The old model's classes, in the data's class order.

    Args:
        text: a count (the data's first classes), names separated by commas (a name with a comma in double quotes; a
            trailing comma makes a number a name), or the path of a file of names (``files.class_lists``).
        class_names: the data's classes.

    Raises:
        UserError: for an empty text, a count out of range, or names that the data do not have.
    """
    text = text.strip()
    if not text:
        raise UserError(SAY_OLD_CLASSES)
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return _first(int(text), class_names)
    named, path = separated(text), paths.expanded(text)
    if _unknown(named, class_names) and paths.is_file(path):
        return _in_order(names_in(path, class_names), class_names, one_sentence(str(path)))
    return _in_order(named, class_names, "the list of old classes")


def old_classes_text(names: Sequence[str], class_names: tuple[str, ...]) -> str:
    """The shortest text from which ``resolve_old_classes`` makes these classes: a count, or names with commas."""
    chosen = set(names)
    ordered = [name for name in class_names if name in chosen]
    if ordered and tuple(ordered) == class_names[: len(ordered)]:
        return str(len(ordered))
    text = ",".join(f'"{name.replace(chr(34), 2 * chr(34))}"' if _needs_quotes(name) else name for name in ordered)
    return f"{text}," if re.fullmatch(r"[+-]?[0-9]+", text) else text


def _needs_quotes(name: str) -> bool:
    return any(character in name for character in ',"')


def _first(count: int, class_names: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= count <= len(class_names):
        raise UserError(f"The old model cannot know {count} classes; the data have {len(class_names)}.")
    return class_names[:count]


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _unknown(names: Sequence[str], class_names: tuple[str, ...]) -> list[str]:
    known = {_nfc(name) for name in class_names}
    return [name for name in names if _nfc(name) not in known]


def _in_order(names: Sequence[str], class_names: tuple[str, ...], where: str) -> tuple[str, ...]:
    unknown = _unknown(names, class_names)
    if unknown:
        close = difflib.get_close_matches(unknown[0], class_names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"they have {quoted(class_names)}."
        raise UserError(f"The data have no class {quoted(unknown)}, named in {where}; {hint}")
    if not names:
        raise UserError(f"There is no class name in {where}.")
    wanted = {_nfc(name) for name in names}
    return tuple(name for name in class_names if _nfc(name) in wanted)

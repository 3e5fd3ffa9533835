"""An error in a method that Qt calls (painting, a model's data) is reported and the program goes on.

PySide hands an exception that leaves such a method to the event loop, which ends; and on Python 3.11 it crashes on
exceptions raised by the interpreter itself (``[][3]``, ``None[0]``), seen with PySide 6.10.3 and 6.11.3. So our
classes' overrides catch their own errors and give them to ``sys.excepthook``.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

_OURS = "mpt_studio."
_INSTEAD: dict[str, Any] = {"event": False, "eventFilter": False, "rowCount": 0, "columnCount": 0}
"""What Qt gets in place of a result; None for all others."""


def report_errors() -> None:
    """Guard the overrides of every class of ours that is defined from now on; call it before they are imported."""
    QObject.__init_subclass__ = classmethod(_guard_overrides)  # type: ignore[assignment, method-assign, arg-type]


def _guard_overrides(cls: type, **kwargs: Any) -> None:
    super(QObject, cls).__init_subclass__(**kwargs)  # type: ignore[misc]
    if not cls.__module__.startswith(_OURS):
        return
    bases = [base for base in cls.__mro__ if base.__module__.startswith("PySide6.")]
    for name, method in list(vars(cls).items()):
        if isinstance(method, types.FunctionType) and not name.startswith("__") and _is_override(name, bases):
            setattr(cls, name, guarded(method))


def _is_override(name: str, bases: list[type]) -> bool:
    return any(name in vars(base) for base in bases)


def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """``method``, with its errors reported once per kind and place."""
    seen: set[tuple[type, int]] = set()

    @functools.wraps(method)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except Exception as error:
            trace = error.__traceback__
            where = (type(error), trace.tb_next.tb_lineno if trace and trace.tb_next else 0)
            if where not in seen:  # a widget paints many times a second
                seen.add(where)
                sys.excepthook(type(error), error, trace)
            return _INSTEAD.get(method.__name__)

    return run

"""A pickle interpreter that calls nothing and imports nothing: what a file names and builds becomes inert objects.

It is a loop without recursion, with limits on everything that a file can make large. Which names a file may contain,
and what stands for the few calls that are wanted, its ``Rules`` say: there are some for checkpoints and some for CIFAR.
"""

from __future__ import annotations

import encodings.raw_unicode_escape  # noqa: F401 - else it is imported while imports are forbidden
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from mpt_studio.errors import one_sentence

MOST_OPERATIONS = 2_000_000
MOST_DIGITS = 400
MOST_CALLS = 200_000
"""Each tensor takes two, each tensor of an optimizer's state likewise."""
_KEY_DEPTH, _KEY_PARTS = 4, 64


class Damaged(Exception):  # noqa: N818 - becomes a sentence where the file is known
    """The pickle is not well formed; the message says how."""


@dataclass(frozen=True)
class Global:
    """A class or function that the file names. It is never imported."""

    name: str
    """Module and name with a dot between them."""


@dataclass(eq=False)
class Stub:
    """An object of a class that is not known here: its class's name, and what it would have been made from."""

    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)
    """Of a class like a dict."""
    values: list[Any] = field(default_factory=list)
    """Of a class like a list."""


class Unordered(list[Any]):
    """A set: what it holds lies in the file in an order that means nothing."""


class Rules(Protocol):
    """What a kind of file may hold. Each refuses by raising what its reader knows; ``ValueError`` means damaged."""

    most_text: int
    """Bytes of one string."""

    def check_name(self, name: str) -> None:
        """Refuse a class or function that no honest file names."""

    def call(self, function: Any, arguments: Any) -> Any:
        """What ``function(*arguments)`` stands for, with nothing called."""

    def with_state(self, target: Any, state: Any) -> Any:
        """What an object becomes with its saved attributes."""

    def outside(self, identity: Any) -> Any:
        """What a persistent id stands for: something that lies beside the pickle."""

    def text(self, content: bytes) -> Any:
        """What a string of Python 2 is: text or bytes."""


@dataclass
class Scan:
    """What one pickle holds."""

    value: Any
    end: int
    """Position after the pickle."""
    names: set[str] = field(default_factory=set)
    """Every class and function that it names."""
    operations: set[int] = field(default_factory=set)
    protocol: int = 0


def interpret(data: memoryview | bytes, rules: Rules, start: int = 0) -> Scan:
    """Read the pickle that begins at ``start``.

    Raises ``Damaged`` for one that is not well formed, or larger than any honest one, and what its rules raise.
    """
    machine = _Machine(data, rules, start)
    try:
        return machine.run()
    except (struct.error, IndexError, KeyError, TypeError, ValueError, UnicodeError, OverflowError) as error:
        raise Damaged(one_sentence(f"{type(error).__name__} at byte {machine.at}", 80)) from None


def checked_key(value: Any) -> Any:
    """A dict's key. Raises ``ValueError`` for what takes long to hash or compare.

    Hashing a deeply nested tuple would overflow the interpreter's own stack, a wide one repeats itself; and of numbers
    beyond 64 bits any many can have the same hash, so that a dict of them takes quadratic time.
    """
    level: list[Any] = [value]
    for _ in range(_KEY_DEPTH):
        if len(level) > _KEY_PARTS or any(isinstance(part, int) and abs(part) >> 64 for part in level):
            break
        level = [item for entry in level if isinstance(entry, tuple) for item in entry[: _KEY_PARTS + 1]]
        if not level:
            hash(value)
            return value
    raise ValueError("key")


class _Machine:
    def __init__(self, data: memoryview | bytes, rules: Rules, start: int) -> None:
        self.data, self.rules, self.at = memoryview(data), rules, start
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.calls = 0
        self.scan = Scan(None, start)

    def run(self) -> Scan:
        data, size, operations = self.data, len(self.data), self.scan.operations
        for _ in range(MOST_OPERATIONS):
            if self.at >= size:
                raise Damaged("it ends in the middle")
            code = data[self.at]
            self.at += 1
            if code == 0x2E:  # STOP
                self.scan.value, self.scan.end = self.stack.pop(), self.at
                return self.scan
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise Damaged(f"it holds the unknown operation {code:#x}")
            operations.add(code)
            operation(self)
        raise Damaged(f"it has more than {MOST_OPERATIONS:,} steps")

    def take(self, count: int) -> memoryview:
        if count < 0 or self.at + count > len(self.data):
            raise Damaged("it ends in the middle")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form: str) -> int:
        found: int = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return found

    def line(self, most: int = 2000) -> bytes:
        window = 128
        while True:  # by growing windows: a file may hold many short lines and one long one
            seen = bytes(self.data[self.at : self.at + window])
            length = seen.find(b"\n")
            if 0 <= length <= most:
                self.at += length + 1
                return seen[:length]
            if length > most or window > most or len(seen) < window:
                raise Damaged("a line in it has no end")
            window *= 8

    def content(self, form: str) -> bytes:
        length = self.number(form)
        if length > self.rules.most_text:
            raise Damaged(f"it holds a text of {length:,} bytes")
        return bytes(self.take(length))

    def push(self, value: Any) -> None:
        """Looks the stack up after the value was read, which may have exchanged it."""
        self.stack.append(value)

    def popped_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def name(self, module: Any, name: Any) -> Global:
        if not isinstance(module, str) or not isinstance(name, str) or len(module) + len(name) > 1000:
            raise Damaged("it names something that is no name")
        full = f"{module}.{name}"
        self.rules.check_name(full)
        self.scan.names.add(full)
        return Global(full)

    def set_items(self, target: Any, pairs: list[Any]) -> None:
        if len(pairs) % 2:
            raise Damaged("a dict in it has a key without a value")
        into = target if isinstance(target, dict) else target.items if isinstance(target, Stub) else None
        if into is None:
            raise Damaged("it puts items into something that is no dict")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            into[checked_key(key)] = value

    def append(self, target: Any, values: list[Any]) -> None:
        into = target if isinstance(target, list) else target.values if isinstance(target, Stub) else None
        if into is None:
            raise Damaged("it appends to something that is no list")
        into.extend(values)


Operation = Callable[[_Machine], None]


def _pushes(read: Callable[[_Machine], Any]) -> Operation:
    return lambda m: m.push(read(m))


def _line_text(m: _Machine) -> Any:
    text = m.line(m.rules.most_text)
    if len(text) < 2 or text[0] != text[-1] or text[:1] not in (b"'", b'"'):
        raise Damaged("a text in it has no quotes")
    return m.rules.text(text[1:-1])


def _line_integer(m: _Machine) -> int | bool:
    text = m.line(MOST_DIGITS).rstrip(b"L")
    return {b"00": False, b"01": True}.get(text, int(text))


def _long(form: str) -> Callable[[_Machine], int]:
    def read(m: _Machine) -> int:
        length = m.number(form)
        if length > MOST_DIGITS:
            raise Damaged(f"it holds a number of {length:,} bytes")
        return int.from_bytes(m.take(length), "little", signed=True)

    return read


def _remember(index: Callable[[_Machine], int]) -> Operation:
    def operation(m: _Machine) -> None:
        at = index(m)
        if not 0 <= at < MOST_OPERATIONS:
            raise Damaged("it remembers more than it can hold")
        m.memo[at] = m.stack[-1]

    return operation


def _mark(m: _Machine) -> None:
    m.marks.append(m.stack)
    m.stack = []


def _pop(m: _Machine) -> None:
    if m.stack:
        m.stack.pop()
    else:
        m.popped_mark()


def _pop_mark(m: _Machine) -> None:
    m.popped_mark()


def _tuple_of(count: int) -> Operation:
    def operation(m: _Machine) -> None:
        if len(m.stack) < count:
            raise Damaged("its stack is empty")
        m.stack[-count:] = [tuple(m.stack[-count:])]

    return operation


def _reduce(m: _Machine) -> Any:
    arguments, function = m.stack.pop(), m.stack.pop()
    m.calls += 1
    if m.calls > MOST_CALLS:
        raise Damaged(f"it has more than {MOST_CALLS:,} objects")
    return m.rules.call(function, arguments)


def _new_object(with_keywords: bool) -> Callable[[_Machine], Any]:
    def read(m: _Machine) -> Any:
        if with_keywords:
            m.stack.pop()
        arguments, kind = m.stack.pop(), m.stack.pop()
        return m.rules.call(kind, arguments)

    return read


def _build(m: _Machine) -> None:
    state = m.stack.pop()
    m.stack[-1] = m.rules.with_state(m.stack[-1], state)


def _dict(m: _Machine) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    m.set_items(made, m.popped_mark())
    return made


def _set_item(m: _Machine) -> None:
    pair = [m.stack.pop(-2), m.stack.pop()]
    m.set_items(m.stack[-1], pair)


def _set_items(m: _Machine) -> None:
    pairs = m.popped_mark()
    m.set_items(m.stack[-1], pairs)


def _append(m: _Machine) -> None:
    values = [m.stack.pop()]
    m.append(m.stack[-1], values)


def _appends(m: _Machine) -> None:
    values = m.popped_mark()
    m.append(m.stack[-1], values)


def _instance(m: _Machine) -> Any:
    kind = m.name(m.line().decode(), m.line().decode())
    return m.rules.call(kind, tuple(m.popped_mark()))


def _object(m: _Machine) -> Any:
    kind, *arguments = m.popped_mark()
    return m.rules.call(kind, tuple(arguments))


def _protocol(m: _Machine) -> None:
    m.scan.protocol = m.number("<B")
    if m.scan.protocol > 5:
        raise Damaged(f"it has the unknown protocol {m.scan.protocol}")


def _frame(m: _Machine) -> None:
    if m.number("<Q") > len(m.data) - m.at:
        raise Damaged("it ends in the middle")


_OPERATIONS: dict[int, Operation] = {
    ord("("): _mark,
    ord("0"): _pop,
    ord("1"): _pop_mark,
    ord("2"): lambda m: m.push(m.stack[-1]),
    ord("F"): _pushes(lambda m: float(m.line(MOST_DIGITS))),
    ord("I"): _pushes(_line_integer),
    ord("L"): _pushes(_line_integer),
    ord("J"): _pushes(lambda m: m.number("<i")),
    ord("K"): _pushes(lambda m: m.number("<B")),
    ord("M"): _pushes(lambda m: m.number("<H")),
    ord("N"): _pushes(lambda m: None),
    ord("P"): _pushes(lambda m: m.rules.outside(m.line())),
    ord("Q"): _pushes(lambda m: m.rules.outside(m.stack.pop())),
    ord("R"): _pushes(_reduce),
    ord("S"): _pushes(_line_text),
    ord("T"): _pushes(lambda m: m.rules.text(m.content("<i"))),
    ord("U"): _pushes(lambda m: m.rules.text(m.content("<B"))),
    ord("V"): _pushes(lambda m: m.line(m.rules.most_text).decode("raw-unicode-escape")),
    ord("X"): _pushes(lambda m: m.content("<I").decode("utf-8", "surrogatepass")),
    ord("a"): _append,
    ord("b"): _build,
    ord("c"): _pushes(lambda m: m.name(m.line().decode(), m.line().decode())),
    ord("d"): _pushes(_dict),
    ord("}"): _pushes(lambda m: {}),
    ord("e"): _appends,
    ord("g"): _pushes(lambda m: m.memo[int(m.line(MOST_DIGITS))]),
    ord("h"): _pushes(lambda m: m.memo[m.number("<B")]),
    ord("i"): _pushes(_instance),
    ord("j"): _pushes(lambda m: m.memo[m.number("<I")]),
    ord("l"): _pushes(lambda m: m.popped_mark()),
    ord("]"): _pushes(lambda m: []),
    ord("o"): _pushes(_object),
    ord("p"): _remember(lambda m: int(m.line(MOST_DIGITS))),
    ord("q"): _remember(lambda m: m.number("<B")),
    ord("r"): _remember(lambda m: m.number("<I")),
    ord("s"): _set_item,
    ord("t"): _pushes(lambda m: tuple(m.popped_mark())),
    ord(")"): _pushes(lambda m: ()),
    ord("u"): _set_items,
    ord("G"): _pushes(lambda m: struct.unpack(">d", m.take(8))[0]),
    0x80: _protocol,
    0x81: _pushes(_new_object(False)),
    0x85: _tuple_of(1),
    0x86: _tuple_of(2),
    0x87: _tuple_of(3),
    0x88: _pushes(lambda m: True),
    0x89: _pushes(lambda m: False),
    0x8A: _pushes(_long("<B")),
    0x8B: _pushes(_long("<i")),
    ord("B"): _pushes(lambda m: m.content("<i")),
    ord("C"): _pushes(lambda m: m.content("<B")),
    0x8C: _pushes(lambda m: m.content("<B").decode("utf-8", "surrogatepass")),
    0x8D: _pushes(lambda m: m.content("<Q").decode("utf-8", "surrogatepass")),
    0x8E: _pushes(lambda m: m.content("<Q")),
    0x8F: _pushes(lambda m: Unordered()),
    0x90: _appends,
    0x91: _pushes(lambda m: Unordered(m.popped_mark())),
    0x92: _pushes(_new_object(True)),
    0x93: _pushes(lambda m: m.name(m.stack.pop(-2), m.stack.pop())),
    0x94: _remember(lambda m: len(m.memo)),
    0x95: _frame,
    0x96: _pushes(lambda m: m.content("<Q")),
}
"""By code. Missing on purpose: the extension registry (0x82-0x84) and buffers from elsewhere (0x97, 0x98)."""

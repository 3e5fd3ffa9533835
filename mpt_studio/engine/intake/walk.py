"""Walks over a file's inert objects to its tensors, without going where there are none.

A small file can refer to the same objects so often that following every reference would never end. So the objects that
lead to a tensor are found first, in time linear in the references; only those are followed, and all walks together
make a bounded number of steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from mpt_studio.engine.intake.inert import TensorRecord
from mpt_studio.engine.intake.normaliser import is_normaliser
from mpt_studio.errors import UserError
from mpt_studio.files.pickle_machine import Stub

IGNORED = (
    "optim", "sched", "scaler", "loops", "callbacks", "rng", "random_state", "generator", "loss_scale",
)  # fmt: skip
"""Parts of names under which tensors are not the network's."""
MOST_TENSORS = 100_000
MOST_DEPTH = 100
MOST_VISITS = 1_000_000
Path = tuple[Any, ...]


def check_depth(value: Any) -> None:
    """Refuse what is nested so deeply that walking it could overflow a stack; linear in the number of objects."""
    seen: set[int] = set()
    level = [value]
    for _ in range(MOST_DEPTH):
        following: list[Any] = []
        for node in level:
            if isinstance(node, dict | list | tuple | Stub) and id(node) not in seen:
                seen.add(id(node))
                following.extend(_children(node))
        if not following:
            return
        level = following
    raise UserError(f"is nested more than {MOST_DEPTH} levels deep, which no checkpoint is")


def is_ignored(key: Any) -> bool:
    return isinstance(key, str) and any(word in key.lower() for word in IGNORED)


def may_hold(value: Any) -> bool:
    """Whether it is a tensor or could have one below it."""
    return isinstance(value, TensorRecord | dict | list | tuple | Stub)


class Walker:
    """Finds tensors below any of the objects that belong to ``root``."""

    def __init__(self, root: Any) -> None:
        self._parts = _leading_to_tensors(root)
        self._counts: dict[int, int] = {}
        self._visits = 0

    def leaves(self, value: Any, path: Path = ()) -> Iterator[tuple[Path, TensorRecord]]:
        """Every tensor below ``value`` in the file's order. Raises ``UserError`` where there are too many."""
        stack: list[tuple[Path, Any, tuple[int, ...]]] = [(path, value, ())]
        found = 0
        while stack:
            self._step()
            at, node, above = stack.pop()
            if isinstance(node, TensorRecord):
                found += 1
                if found > MOST_TENSORS:
                    raise UserError(f"holds more than {MOST_TENSORS:,} tensors, which no checkpoint does")
                yield at, node
            elif id(node) not in above:
                is_top = len(at) == len(path)
                below = [part for part in self._parts.get(id(node), ()) if not (is_top and is_ignored(part[0]))]
                stack.extend(((*at, key), child, (*above, id(node))) for key, child in reversed(below))

    def has_tensors(self, value: Any) -> bool:
        return next(self.leaves(value), None) is not None

    def count(self, value: Any) -> int:
        """Tensors below ``value``."""
        if id(value) not in self._counts:
            self._counts[id(value)] = sum(1 for _ in self.leaves(value))
        return self._counts[id(value)]

    def _step(self) -> None:
        self._visits += 1
        if self._visits > MOST_VISITS:
            raise UserError("refers to the same objects again and again, which no checkpoint does")


def _leading_to_tensors(root: Any) -> dict[int, list[tuple[Any, Any]]]:
    """By the identity of an object, those of its parts that are tensors or lead to one."""
    nodes, parents, leading = {id(root): root}, defaultdict[int, set[int]](set), set()
    stack = [root]
    while stack:
        node = stack.pop()
        for _, child in _parts(node):
            if isinstance(child, TensorRecord):
                leading.add(id(node))
                continue
            parents[id(child)].add(id(node))
            if id(child) not in nodes:
                nodes[id(child)] = child
                stack.append(child)
    waiting = list(leading)
    while waiting:
        above = parents.pop(waiting.pop(), set()) - leading
        leading |= above
        waiting.extend(above)
    return {known: [part for part in _parts(nodes[known]) if _leads(part[1], leading)] for known in leading}


def _leads(child: Any, leading: set[int]) -> bool:
    return isinstance(child, TensorRecord) or id(child) in leading


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.values()
    elif isinstance(node, list | tuple):
        yield from node
    elif isinstance(node, Stub):
        yield from (node.arguments, node.state, node.items, node.values)


def _parts(node: Any) -> Iterator[tuple[Any, Any]]:
    """Named parts of an object that may hold weights."""
    if isinstance(node, dict):
        pairs: Any = node.items()
    elif isinstance(node, list | tuple):
        pairs = enumerate(node)
    elif isinstance(node, Stub):
        pairs = _stub_parts(node)
    else:
        return
    yield from ((key, child) for key, child in pairs if may_hold(child))


def _stub_parts(stub: Stub) -> Iterator[tuple[Any, Any]]:
    state = stub.state
    if not isinstance(state, dict):
        yield from stub.items.items()
    elif "_parameters" in state and "_modules" in state:
        yield from _module_parts(state)
    else:
        yield from (stub.items | state).items()


def _module_parts(state: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """Of a pickled ``nn.Module``: parameters, persistent buffers, submodules."""
    # a passing buffer is in no state dict, but one that normalises images changes what the network answers
    passing = state.get("_non_persistent_buffers_set")
    names = passing if isinstance(passing, list) else ()
    passed = {key for key in names if isinstance(key, str) and not is_normaliser(key)}
    for group in (state.get(name) for name in ("_parameters", "_buffers", "_modules")):
        if isinstance(group, dict):
            yield from ((key, child) for key, child in group.items() if key not in passed)

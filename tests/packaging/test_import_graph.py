"""No modules import each other in a circle: not lazily in a function, and not for the type checker alone either."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "mpt_studio"

Graph = dict[str, set[str]]


def graph_of(package: Path) -> Graph:
    """Module → the modules of the package that it imports, wherever in its text."""
    files = {_name(package, path): path for path in sorted(package.rglob("*.py"))}
    return {name: set(_imported(path, files)) - {name} for name, path in files.items()}


def _name(package: Path, path: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, files: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports name their module in full"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield from (name for name in ([inner] if inner in files else [node.module or ""]) if name in files)


def circle_in(graph: Graph) -> list[str]:
    """A circle of imports, its first module again at the end; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_that_no_modules_import_each_other_in_a_circle() -> None:
    graph = graph_of(PACKAGE)
    assert len(graph) > 300
    assert circle_in(graph) == []


def test_that_circles_are_found_in_functions_and_for_the_type_checker_too(tmp_path: Path) -> None:
    package = tmp_path / "made"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from made.two import X\n")
    (package / "two.py").write_text("def late():\n    import made.three\n")
    (package / "three.py").write_text("from made import one\n")
    found = circle_in(graph_of(package))
    assert set(found) == {"made.one", "made.two", "made.three"}

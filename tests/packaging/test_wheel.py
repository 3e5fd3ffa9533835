"""What ``pip install .`` installs: the program, its resources, its command."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling")

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a wheel and a source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(folder)],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(built.glob("*.whl")))


def test_that_the_wheel_has_every_module_and_every_resource(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    modules = {str(p.relative_to(CHECKOUT)) for p in (CHECKOUT / "mpt_studio").rglob("*.py")}
    resources = {f"mpt_studio/{p.relative_to(CHECKOUT)}" for p in (CHECKOUT / "resources").rglob("*") if p.is_file()}
    templates = {str(p.relative_to(CHECKOUT)) for p in (CHECKOUT / "mpt_studio").rglob("templates/*")}
    assert modules - inside == set()
    documents = {f"mpt_studio/docs/{p.name}" for p in (CHECKOUT / "docs").glob("*.md")}
    assert templates
    assert (templates | resources | documents) - inside == set()


def test_that_the_wheel_holds_nothing_but_the_program_and_its_papers(wheel: zipfile.ZipFile) -> None:
    strangers = [n for n in wheel.namelist() if not n.startswith("mpt_studio/") and ".dist-info/" not in n]
    assert strangers == []


def test_that_the_wheel_carries_the_licence_and_the_command(wheel: zipfile.ZipFile) -> None:
    info = next(n for n in wheel.namelist() if n.endswith("/METADATA")).rpartition("/")[0]
    assert "Apache License" in wheel.read(f"{info}/licenses/LICENSE").decode()
    assert "mpt-studio = mpt_studio.__main__:main" in wheel.read(f"{info}/entry_points.txt").decode()


def test_that_the_installed_program_finds_its_resources(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "site")
    code = (
        "from mpt_studio import paths; print(paths.resource('icons/app.svg'), paths.resource('icons/app.svg').exists())"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == [str(tmp_path / "site/mpt_studio/resources/icons/app.svg"), "True"]


def test_that_the_source_distribution_can_be_tested_and_set_up(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "packaging/run.sh", "packaging/constraints.txt"} <= names
    assert {"tests/conftest.py", "resources/icons/app.svg", "mpt_studio/recipe/fields.py"} <= names

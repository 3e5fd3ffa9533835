"""The workflow in docs/ci.md does what it says: its steps are run as they are written there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mpt_studio.cli.policy_options import EXIT_CODES

DOC = Path(__file__).parents[2] / "docs" / "ci.md"
POLICIES = {
    "ship": "[nfr]\nmax = 0.99\n",
    "hold": "[accuracy]\nmin_gain = 90.0\n",
    "review": "[accuracy]\nmin_gain = 90.0\n[review]\ncriteria = ['accuracy']\n",
}


def steps() -> list[str]:
    """Every command of the workflow but the installation."""
    found = re.findall(r"^        run: (.+)$", DOC.read_text("utf-8"), re.MULTILINE)
    return [command for command in found if not command.startswith("pip ")]


@pytest.mark.slow
@pytest.mark.timeout(600)  # seven processes, each of which loads torch
@pytest.mark.skipif(not DOC.is_file(), reason="the documentation is not here")
@pytest.mark.skipif(os.name == "nt", reason="the steps are for a shell of POSIX")
def test_that_the_steps_of_the_example_end_with_the_verdicts_code(updated: dict[str, Any], tmp_path: Path) -> None:
    program, models = tmp_path / "bin" / "mpt-studio", tmp_path / "models"
    for folder in (program.parent, models):
        folder.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mpt_studio "$@"\n')
    program.chmod(0o755)
    shutil.copy(updated["old"]["checkpoint"], models / "deployed.safetensors")
    shutil.copy(updated["candidates"][0]["checkpoint"], models / "candidate.safetensors")
    summary = tmp_path / "summary"
    known = {
        "DATA": "builtin", "OLD": "models/deployed.safetensors", "NEW": "models/candidate.safetensors",
        "PATH": f"{program.parent}:{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": str(summary),
        "MPT_STUDIO_STORE": str(tmp_path / "store"), "PYTHONPATH": str(DOC.parents[1]),
    }  # fmt: skip

    def ended(command: str) -> int:
        return subprocess.run(
            ["bash", "-e", "-c", command], cwd=tmp_path, env=os.environ | known, check=False
        ).returncode

    *before, last = steps()
    assert [ended(command) for command in before] == [0, 0]
    for outcome, policy in POLICIES.items():
        (tmp_path / "policy.toml").write_text(policy)
        code, verdict = ended(last), json.loads((tmp_path / "report.json").read_text("utf-8"))["verdict"]
        assert code == EXIT_CODES[verdict["verdict"]]
        assert verdict["criteria"][0]["makes"] == outcome  # nobody would ship so short a training: "floor" comes last
    assert {path.name for path in tmp_path.glob("report.*")} == {
        f"report.{end}" for end in ("html", "md", "xml", "json")
    }
    assert summary.read_text("utf-8").count("\n## ") == len(POLICIES) - 1

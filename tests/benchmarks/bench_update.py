"""A whole update against one script per method, one after the other."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench_rounds import SETTING, Case, command, environment, last_line, prepared_setting, say, seconds

from mpt_studio.errors import UserError

SAME = ("arch", "small_stem", "image_size", "learning_rate", "precision", "limit_train", "seed", "device", "data")
"""Options of the update that are fields of a setting."""


def run_update_case(case: Case, methods: Sequence[str], epochs: int) -> dict[str, Any]:
    """Seconds from start to end of each."""
    with tempfile.TemporaryDirectory(prefix="mpt-studio-bench-") as folder:
        setting = prepared_setting(case, epochs, Path(folder))
        say(f"{case.title}: the update")
        ours = seconds(lambda: _whole_update(setting, methods, epochs))
        scripts = {}
        for method in methods:
            say(f"{case.title}: the script for {method}")
            scripts[method] = seconds(lambda: _whole_script(setting, method, epochs))  # noqa: B023 - called at once
    return {
        "title": case.title,
        "case": asdict(case),
        "epochs": epochs,
        "ours_seconds": ours,
        "script_seconds": scripts,
        "ratios": {"ours/script": sum(scripts.values()) / ours},
    }


def _whole_script(setting: dict[str, Any], method: str, epochs: int) -> None:
    path = Path(setting["folder"]) / SETTING
    path.write_text(json.dumps({**setting, "method": method}), "utf-8")
    _finished(command("script", path), "go\n" * epochs)


def _whole_update(setting: dict[str, Any], methods: Sequence[str], epochs: int) -> None:
    folder = Path(setting["folder"])
    chosen = {name.replace("_", "-"): setting[name] for name in SAME}
    chosen |= {"old": folder / "old.safetensors", "methods": ",".join(methods), "epochs": epochs}
    chosen |= {"batch-size": setting["batch"], "store": folder / "store"}
    words = [word for name, value in chosen.items() for word in (f"--{name}", str(value))]
    _finished([sys.executable, "-m", "mpt_studio", "update", *words, "--json"], "")


def _finished(words: list[str], text: str) -> None:
    done = subprocess.run(words, input=text, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        raise UserError(f"A side of the benchmark failed ({last_line(done.stderr)}).")

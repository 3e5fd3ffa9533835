"""The process that reads one file refuses most bad ones before torch is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_that_a_file_is_refused_before_torch_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text(json.dumps({"path": str(tmp_path), "choices": {}, "data_classes": []}))
    script = (
        "import sys; from mpt_studio.engine import reader; "
        "reader.main(sys.argv[1:]); assert not {'torch', 'torchvision', 'onnx'} & set(sys.modules)"
    )
    words = [sys.executable, "-c", script, str(tmp_path / "request.json"), str(tmp_path)]
    subprocess.run(words, check=True, timeout=60)
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["error"].endswith(".")

"""Settings are there when torch is loaded."""

from __future__ import annotations

import os
import subprocess
import sys


def test_that_compiled_code_lies_beside_our_other_caches_whoever_imports_the_compiler_first(tmp_path):
    program = (
        "from mpt_studio import engine, paths; import torch._dynamo; "
        "from torch._inductor.runtime.cache_dir_utils import cache_dir; "
        "print(cache_dir() == str(paths.cache_dir() / 'compiled'))"
    )
    place = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    kept = {name: value for name, value in os.environ.items() if name != "TORCHINDUCTOR_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**kept, **place}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"

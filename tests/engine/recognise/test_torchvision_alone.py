"""The child's import of torchvision, in interpreters of their own."""

from __future__ import annotations

import subprocess
import sys

ALONE = "from mpt_studio.engine.recognise.torchvision_alone import import_torchvision; import_torchvision()"
RECOGNISED = """
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import weights
from mpt_studio.engine.recognise import describe
from mpt_studio.engine.networks.outline import without_memory
for arch in ("resnet18", "vit_b_16", "swin_t", "googlenet", "shufflenet_v2_x0_5"):
    without_memory(lambda: networks.build(arch, 10, False, 224))
"""


def fresh(*lines: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(("import sys", *lines))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_that_recognising_an_architecture_does_not_import_torchs_compiler():
    fresh(ALONE, RECOGNISED, "assert not {'torch._dynamo', 'sympy'} & set(sys.modules)")


def test_that_the_compiler_can_be_imported_afterwards():
    fresh(ALONE, "from torch._dynamo.utils import counters, is_compile_supported", "import torch._dynamo")

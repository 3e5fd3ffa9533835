from __future__ import annotations

import pytest

from mpt_studio.store.machine import described_cpu, machine, processor

XEON = """processor\t: 0
model name\t: Intel(R) Xeon(R) Gold 6430
flags\t\t: fpu sse2 avx2 avx512f avx512_bf16 amx_bf16 amx_tile

processor\t: 1
model name\t: another
flags\t\t: fpu
"""


def test_that_a_cpu_is_told_by_its_model_and_what_makes_it_fast() -> None:
    assert described_cpu(XEON) == ("Intel(R) Xeon(R) Gold 6430", ("AVX-512", "AVX-512 BF16", "AMX"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model name : Old\nflags : sse2 avx2\n", ("Old", ("AVX2",))),
        ("Features : fp asimd sve\n", ("", ("SVE",))),
        ("", ("", ())),
        ("no colon here\n:\n", ("", ())),
    ],
)
def test_that_other_descriptions_are_read_as_far_as_they_go(text: str, expected: tuple[str, tuple[str, ...]]) -> None:
    assert described_cpu(text) == expected


def test_that_every_machine_has_a_processor_in_words() -> None:
    assert machine()["processor"] == processor() != ""

"""The interpreter of pickles by itself; what torch's and CIFAR's make of it is tested in their rooms."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.files import pickle_machine
from mpt_studio.files.pickle_machine import Damaged, Global, Stub, interpret


class Anything:
    """Every name is let in, and becomes a stub."""

    most_text = 1000

    def check_name(self, name: str) -> None:
        pass

    def call(self, function: Any, arguments: Any) -> Stub:
        assert isinstance(function, Global)
        return Stub(function.name, arguments)

    def with_state(self, target: Any, state: Any) -> Any:
        target.state = state
        return target

    def outside(self, identity: Any) -> Any:
        return ("outside", identity)

    def text(self, content: bytes) -> str:
        return content.decode("latin-1")


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary())
keys = st.one_of(st.text(), st.integers(-(2**63), 2**63), st.tuples(st.text(), st.booleans()))
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(keys, inner))
)


@given(value=values, protocol=st.integers(3, 5))
def test_that_plain_values_come_back_as_they_were(value: Any, protocol: int) -> None:
    content = pickle.dumps(value, protocol)
    found = interpret(b"before" + content + b"after", Anything(), start=6)
    assert found.value == value
    assert (found.end, found.names) == (6 + len(content), set())


@given(value=st.one_of(st.none(), st.booleans(), st.integers(), st.text()), protocol=st.integers(0, 2))
def test_that_the_old_protocols_are_read(value: Any, protocol: int) -> None:
    assert interpret(pickle.dumps([value], protocol), Anything()).value == [value]


class Thing:
    def __init__(self) -> None:
        self.a = 1


@pytest.mark.parametrize("protocol", range(6))
def test_that_an_object_becomes_a_record_and_its_class_a_name(protocol: int) -> None:
    found = interpret(pickle.dumps(Thing(), protocol), Anything())
    assert f"{__name__}.Thing" in found.names
    assert isinstance(found.value, Stub)
    assert found.value.state == {"a": 1}


def test_that_the_rules_decide_about_every_name() -> None:
    class NoNames(Anything):
        def check_name(self, name: str) -> None:
            raise PermissionError(name)

    for content in (b"cos\nsystem\n.", b"(ios\nsystem\n.", b"\x8c\x02os\x8c\x06system\x93."):
        with pytest.raises(PermissionError, match=r"os\.system"):
            interpret(content, NoNames())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"T\xff\xff\xff\x7fabc.", id="a length beyond the end"),
        pytest.param(b"X\xe9\x03\0\0" + 1001 * b"x" + b".", id="a text beyond the rules'"),
        pytest.param(b"}r\xff\xff\xff\x7f.", id="a place far away"),
        pytest.param(b"\x8a\xff" + 255 * b"\1" + b"\x8b\xff\xff\xff\x7f.", id="a huge number"),
        pytest.param(b"}" + 40 * b"(" + b"1." , id="nothing on the stack"),
        pytest.param(b"}(K\1" + 6 * b"\x85" + b"K\1u.", id="a key that is deep"),
        pytest.param(b"(K\1d.", id="a key alone"),
        pytest.param(b"\x82\1.", id="the registry of extensions"),
        pytest.param(b"I1\n", id="no end"),
    ],
)  # fmt: skip
def test_that_what_no_honest_file_holds_is_damaged(content: bytes) -> None:
    with pytest.raises(Damaged):
        interpret(content, Anything())


def test_that_steps_and_calls_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_machine, "MOST_OPERATIONS", 100)
    monkeypatch.setattr(pickle_machine, "MOST_CALLS", 10)
    with pytest.raises(Damaged, match="100 steps"):
        interpret(200 * b"N" + b".", Anything())
    with pytest.raises(Damaged, match="10 objects"):
        interpret(11 * b"ca\nb\n)R" + b".", Anything())

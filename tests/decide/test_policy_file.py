from __future__ import annotations

import dataclasses
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.decide.policy import BY_VALUE, IdSet, Policy, Slice
from mpt_studio.decide.policy_file import moved, read_policy, write_policy
from mpt_studio.errors import UserError

FULL = """# ours
[accuracy]
min_gain = -0.5        # points
min_gain_old = 0
min_new = 0.8
[nfr]
max = 0.01
[classes]
max_nfr = 0.05         # of any
min_samples = 30
[must_not_flip]
files = ["blockers.txt"]
regulator = "lists/reg.csv"
[slices]
"camera = night" = { max_nfr = 0.03, min_gain = -1.5 }
[review]
criteria = ["must_not_flip.blockers", "slices", "accuracy.min_new"]
[evidence]
confidence = 0.9
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "lists").mkdir()
    (tmp_path / "blockers.txt").write_text("a1\na2\n")
    (tmp_path / "lists" / "reg.csv").write_text("sample_id,note\nb1,why\n")
    (tmp_path / "policy.toml").write_text(FULL)
    return tmp_path / "policy.toml"


def test_that_every_table_is_read_and_points_become_fractions(file: Path) -> None:
    assert read_policy(file) == Policy(
        min_accuracy_gain=-0.005,
        min_accuracy_gain_old=0.0,
        min_accuracy_new=0.8,
        max_nfr=0.01,
        max_class_nfr=0.05,
        min_samples=30,
        must_not_flip=(IdSet("blockers", ("a1", "a2"), "blockers.txt"), IdSet("regulator", ("b1",), "lists/reg.csv")),
        slices=(Slice("camera = night", 0.03, -0.015),),
        confidence=0.9,
        review=("must_not_flip.blockers", "slices", "accuracy.min_new"),
    )


def test_that_the_example_in_the_docs_is_a_policy(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "decide.md"
    if not page.is_file():
        pytest.skip("not a checkout")
    example = page.read_text("utf-8").partition("## The policy\n\n")[2].partition("\n\nEverything")[0]
    (tmp_path / "lists").mkdir()
    for name in ("blockers.txt", "lists/release_7.csv"):
        (tmp_path / name).write_text("sample_id\na1\n")
    (tmp_path / "p.toml").write_text(textwrap.dedent(example))
    assert len(read_policy(tmp_path / "p.toml").keys()) == 9


def test_that_an_empty_file_asks_for_nothing_at_the_usual_confidence(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("")
    assert read_policy(tmp_path / "p.toml") == Policy()
    assert not Policy().asks()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[nfr]\nmax = 1.5", r"p.toml: \[nfr\] max is 1.5; it is a fraction between 0 and 1"),
        ("[nfr]\nmax = true", r"\[nfr\] max is True; it is a fraction"),
        ('[nfr]\nmax = "1 %"', r"\[nfr\] max is '1 %'; it is a fraction"),
        ("[nfr]\nmax = nan", r"\[nfr\] max is nan"),
        ("[nfr]\nmaximum = 0.1", r"\[nfr\] has a key 'maximum', which means nothing there; possible is max\."),
        ("[frn]\nmax = 0.1", r"p.toml has a table \[frn\], which means nothing there; possible is accuracy, nfr, "),
        ("max = 0.1", r"has a table \[max\]"),
        ("nfr = 0.1", r"p.toml has nfr outside of a table; write \[nfr\] and keys below it"),
        ("[accuracy]\nmin_gain = 101", r"\[accuracy\] min_gain is 101; it is points between -100 and 100"),
        ("[classes]\nmax_nfr = 0.1\nmin_samples = 0", r"min_samples is 0; it is a whole number of samples"),
        ("[classes]\nmax_nfr = 0.1\nmin_samples = 2.5", r"min_samples is 2.5; it is a whole number of samples"),
        ("[evidence]\nconfidence = 0.9999999999999999", r"between 0.5 and 0.9999"),
        ("[evidence]\nconfidence = 95", r"confidence is 95; it is a fraction between 0.5 and 0.9999"),
        ("[must_not_flip]\nfiles = 'a.txt'", r"\[must_not_flip\] files is 'a.txt'; it is a list of texts"),
        ("[must_not_flip]\nx = 3", r"\[must_not_flip\] x is 3; it is the name of a file in quotes"),
        ('[must_not_flip]\nfiles = ["a.txt"]\na = "b.txt"', r"two sets 'a'; name one of them"),
        ('[must_not_flip]\nfiles = ["gone.txt"]', r"The list .*gone.txt could not be read"),
        ('[slices]\n"camera = night" = 3', r"\[slices\] 'camera = night' is 3; it takes max_nfr or min_gain"),
        (
            '[slices]\n"camera = night" = { max = 3 }',
            r"'camera = night' has a key 'max', .*possible is max_nfr, min_gain",
        ),
        ('[slices]\n"camera = night" = { max_nfr = 3 }', r"'camera = night' max_nfr is 3; it is a fraction"),
        ('[nfr]\nmax = 0.1\n[review]\ncriteria = ["accuracy"]', r"criteria has 'accuracy', .*possible is nfr.max, nfr"),
        ("[nfr\nmax = 0.1", r"p.toml is not TOML: .*line 1"),
        ("a\0b", r"The policy .*p.toml is not a text file"),
    ],
)
def test_that_a_mistake_names_file_table_key_and_what_is_possible(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a1\n")
    (tmp_path / "b.txt").write_text("b1\n")
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(UserError, match=said):
        read_policy(tmp_path / "p.toml")


def test_that_a_policy_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"The policy .*gone.toml could not be read"):
        read_policy(tmp_path / "gone.toml")


def test_that_writing_keeps_comments_and_what_did_not_change(file: Path) -> None:
    policy = read_policy(file)
    write_policy(file, policy)
    assert file.read_text() == FULL
    write_policy(file, dataclasses.replace(policy, max_nfr=0.02, max_class_nfr=None, min_samples=1, slices=()))
    text = file.read_text()
    assert "# ours" in text
    assert "min_gain = -0.5        # points" in text
    assert "max = 0.02" in text
    assert "[classes]" not in text
    assert "[slices]" not in text


fractions = st.none() | st.floats(0, 1)
points = st.none() | st.integers(-10_000, 10_000).map(lambda hundredths: round(hundredths / 10_000, 12))
policies = st.builds(
    Policy,
    min_accuracy_gain=points,
    min_accuracy_gain_old=points,
    min_accuracy_new=fractions,
    max_nfr=fractions,
    max_class_nfr=fractions,
    min_samples=st.integers(1, 10**6),
    slices=st.lists(
        st.builds(Slice, st.text(st.characters(codec="utf-8"), min_size=1), st.floats(0, 1), points),
        unique_by=lambda part: part.where,
        max_size=3,
    ).map(tuple),
    confidence=st.just(0.0) | st.floats(0.5, 0.999),
)


@settings(deadline=None)  # files are written and read
@given(policies)
def test_that_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> None:
    path = tmp_path_factory.mktemp("policy") / "p.toml"
    policy = dataclasses.replace(policy, review=tuple(policy.keys()[:2]))
    write_policy(path, policy)
    assert read_policy(path) == policy


def test_that_options_replace_numbers_and_add_lists(file: Path) -> None:
    policy = read_policy(file)
    found = policy.replaced(IdSet("more", ("c1",)), max_nfr=0.2, max_class_nfr=None)
    assert (found.max_nfr, found.max_class_nfr, found.confidence) == (0.2, 0.05, 0.9)
    assert [each.name for each in found.must_not_flip] == ["blockers", "regulator", "more"]
    assert BY_VALUE.replaced(max_nfr=0.1) == Policy(max_nfr=0.1, confidence=0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"max_nfr": 1.5}, "--max-nfr is 1.5; it is a fraction between 0 and 1"),
        ({"max_class_nfr": -0.1}, "--max-class-nfr is -0.1; it is a fraction"),
        ({"min_accuracy_gain": 2}, "--min-accuracy-gain is 2; it is a fraction between -1 and 1"),
        ({"max_nfr": float("nan")}, "--max-nfr is nan"),
        ({"confidence": 95}, "--confidence is 95; it is a fraction between 0.5"),
    ],
)
def test_that_options_that_are_out_of_range_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(UserError, match=said):
        BY_VALUE.replaced(**wrong)


def test_that_a_policy_that_moves_names_its_lists_as_seen_from_there(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "lists"
    found = moved(read_policy(file), tmp_path, elsewhere)
    assert [each.file for each in found.must_not_flip] == [str(tmp_path / "blockers.txt"), "reg.csv"]
    write_policy(elsewhere / "other.toml", found)
    assert [each.ids for each in read_policy(elsewhere / "other.toml").must_not_flip] == [("a1", "a2"), ("b1",)]

"""The search language: hand-written queries, mistakes with their places, completion, and the way there and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.compare import Among, Cause, Comparison, Filter, Interval, Range, read_metadata
from mpt_studio.compare.finding.filters import NUMBER_WORDS
from mpt_studio.compare.finding.query import (
    CAUSES,
    KEYS,
    KINDS,
    MARKS,
    QueryError,
    Vocabulary,
    complete,
    parse,
    to_text,
    vocabulary,
)
from mpt_studio.flips import FlipKind, Mark

WORDS = Vocabulary(
    ("T-shirt/top", "shirt", "coat", 'say "hi"', "a b", "old"),
    (("camera", ("front", "left side")), ("light:kind", ("day",))),
    ("iso", "f number"),
)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", Filter()),
        ("truth:shirt new:coat,T-shirt/top", Filter(truths=("shirt",), answers=("coat", "T-shirt/top"))),
        ("TRUTH:Shirt", Filter(truths=("shirt",))),
        ('old:"a b"', Filter(old_answers=("a b",))),
        ('truth:"say ""hi"""', Filter(truths=('say "hi"',))),
        ("margin_drop>2 loss>=0.9", Filter(ranges=(Range("margin_drop", ">", 2), Range("loss", ">=", 0.9)))),
        ("margin_drop>=2 margin_drop<=3.5", Filter(min_drop=2, max_drop=3.5)),
        ("margin_drop:..0,1..2,8..", Filter(drops=(Interval(None, 0), Interval(1, 2), Interval(8)))),
        ("id:*123*", Filter(text="123")),
        ("id:*1?3*,test/*", Filter(ids=("*1?3*", "test/*"))),
        ("kind:negative,both_wrong cause:stolen mark:blocker,none",
         Filter(kinds=(FlipKind.NEGATIVE, FlipKind.BOTH_WRONG), causes=(Cause.NEW_CLASS,),
                marks=(Mark.BLOCKER, Mark.NONE))),
        ("subset:old_classes to:new", Filter(subset="old_classes", to_new_class=True)),
        ('camera:front,"left side" iso>=400', Filter(columns=(Among("camera", ("front", "left side")),),
                                                     ranges=(Range("iso", ">=", 400),))),
        ('"light:kind":day', Filter(columns=(Among("light:kind", ("day",)),))),
        ('shirt "two words"', Filter(words=("shirt", "two words"))),
    ],
)  # fmt: skip
def test_that_a_query_is_read_as_meant(text: str, chosen: Filter) -> None:
    assert parse(text, WORDS) == chosen


@pytest.mark.parametrize(
    ("text", "sentence", "place"),
    [
        ("truth:shrt", "no class 'shrt'; did you mean 'shirt'", (6, 10)),
        ("kind:bad", "no kind 'bad'; there are negative", (5, 8)),
        ("x margin_drop>much", "'much' is no number", (14, 18)),
        ("margin_drp>2", "did you mean 'margin_drop'", (0, 12)),
        ("truth:", "A value is missing after truth:", (5, 6)),
        ("truth:shirt,", "A value is missing", (11, 12)),
        ('new:"coat', "not closed", (4, 9)),
        (":shirt", "missing before ':'", (0, 1)),
        ("truth>2", "no number; write truth:value", (0, 7)),
        ("truth:shirt truth:coat", "twice", (12, 22)),
        ("confidence:0.9", "takes from..to", (11, 14)),
        ("to:new,old", "takes one value", (7, 10)),
        ("margin_drop>nan", "is no number", (12, 15)),
    ],
)
def test_that_a_mistake_is_told_with_its_place(text: str, sentence: str, place: tuple[int, int]) -> None:
    with pytest.raises(QueryError, match=sentence) as caught:
        parse(text, WORDS)
    assert (caught.value.start, caught.value.end) == place


def test_that_completion_offers_keys_then_values() -> None:
    def offered(text: str) -> list[str]:
        return [c.text for c in complete(text, len(text), WORDS)]

    assert offered("tr") == ["truth:"]
    assert offered("marg")[0] == "margin_drop>"
    assert offered("kind:neg") == ["negative"]
    assert offered("truth:sh") == ["shirt", "T-shirt/top"]
    assert offered("truth:shirt,co") == ["coat"]
    assert offered('new:"a') == ['"a b"', "coat"] or offered('new:"a')[0] == '"a b"'
    assert offered("camera:") == ["front", '"left side"']
    assert set(KEYS) - set(NUMBER_WORDS) <= {text.rstrip(":>") for text in offered("")}
    first = complete("kind:negative tru", 17, WORDS)[0]
    assert (first.start, first.end, first.text, first.what) == (14, 17, "truth:", "true class")


NAMES = st.sampled_from(WORDS.names)
some = lambda values: st.lists(values, unique=True, max_size=3).map(tuple)  # noqa: E731
finite = st.floats(-1e6, 1e6, allow_nan=False)
text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
bound = st.none() | finite
intervals = st.builds(Interval, bound, bound)
ranges = st.builds(
    Range,
    st.sampled_from(["confidence", "loss", "iso", "f number"]),
    st.sampled_from([">=", "<=", ">", "<", "="]),
    finite,
)
filters = st.builds(
    Filter,
    kinds=some(st.sampled_from(FlipKind)), truths=some(NAMES), answers=some(NAMES), old_answers=some(NAMES),
    causes=some(st.sampled_from(Cause)), marks=some(st.sampled_from(Mark)),
    subset=st.sampled_from(["all", "old_classes", "new_classes"]), min_drop=bound, max_drop=bound,
    drops=some(intervals), confidences=some(intervals), ranges=some(ranges),
    to_new_class=st.none() | st.booleans(), text=text.filter(lambda t: not set("*?") & set(t)) | st.just(""),
    ids=some(text.map(lambda t: f"{t}*x")), words=some(text),
    columns=some(st.builds(Among, st.just("camera"), st.lists(text, min_size=1, unique=True).map(tuple))).filter(
        lambda all: len(all) < 2
    ),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(chosen=filters)
def test_that_a_filter_written_and_read_back_is_the_same(chosen: Filter) -> None:
    assert parse(to_text(chosen), WORDS) == chosen


@settings(max_examples=300, deadline=None)
@given(typed=st.text(st.sampled_from('truth:new<>=".,* 12abshirt')))
def test_that_any_text_is_read_or_told_wrong_and_completed(typed: str) -> None:
    try:
        chosen, mistake = parse(typed, WORDS), None
    except QueryError as error:
        chosen, mistake = Filter(), error
    assert parse(to_text(chosen), WORDS) == chosen
    if mistake is not None:
        assert 0 <= mistake.start <= mistake.end <= len(typed)
        assert str(mistake).endswith(".")
    for offer in complete(typed, len(typed), WORDS):
        assert 0 <= offer.start <= offer.end == len(typed)


@pytest.fixture
def described(worked: Comparison, tmp_path: Path) -> Comparison:
    table = tmp_path / "meta.csv"
    table.write_text("sample_id,camera,iso\ns0,front,100\ns1,Front,200\ns2,back,\ns3,back,400\nnobody,back,1\n")
    worked.set_metadata(read_metadata(table, worked))
    worked.set_marks({"s1": Mark.BLOCKER, "s5": Mark.LABEL_WRONG})
    return worked


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("camera:front", [0, 1]),
        ("camera:back iso>300", [3]),
        ("iso<=200", [0, 1]),
        ("mark:blocker,label_wrong", [1, 5]),
        ("mark:none kind:negative", [2]),
        ("S3", [3]),
        ("c", [1, 4, 5]),  # part of no id, the name of a class: truth c, or answered
        ("id:?1,s[0]", [1]),
        ("id:S?", [0, 1, 2, 3, 4, 5]),
        ("margin_drop>3", [2]),
        ("margin_drop:0..3", [0]),
        ("margin_drop:..0,3..4", [1, 3]),
    ],
)
def test_that_queries_find_samples(described: Comparison, text: str, rows: list[int]) -> None:
    assert parse(text, vocabulary(described)).apply(described).tolist() == rows


def test_that_the_docs_name_every_key_and_word() -> None:
    text = (Path(__file__).parents[3] / "docs" / "search.md").read_text("utf-8")
    for word in (*KEYS, *KINDS, *CAUSES, *MARKS):
        assert f"`{word}" in text, word

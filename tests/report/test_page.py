"""The page: well formed, accessible, without network, and nobody's name is markup."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest

from mpt_studio.report.page import MOST_CLASSES, page

from .conftest import HOSTILE

VOID = {"meta", "img", "br", "hr", "link", "input"}
PIXEL = "data:image/png;base64,iVBORw0KGgo="
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "footer", "div", "span", "p", "h1",
    "h2", "h3", "ul", "li", "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure",
    "figcaption", "code", "em", "strong", "bdi", "img", "svg", "rect", "line", "circle", "path", "text",
}  # fmt: skip
INSIDE = {
    "li": {"ul"}, "tr": {"thead", "tbody"}, "th": {"tr"}, "td": {"tr"}, "caption": {"table"}, "thead": {"table"},
    "tbody": {"table"}, "summary": {"details"}, "figcaption": {"figure"},
}  # fmt: skip
NOT_IN_P = {"p", "div", "table", "ul", "details", "section", "h1", "h2", "h3", "figure"}


class Checked(HTMLParser):
    """Every tag is known, closed where it must be, and where it may be; the parts that tests look at are kept."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[Counter[str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, f"<{tag}> at {self.getpos()}"
        parent = self.open[-1] if self.open else ""
        assert parent in INSIDE.get(tag, {parent}), f"<{tag}> in <{parent}> at {self.getpos()}"
        assert not (parent in ("p", "span", "bdi", "code", "em") and tag in NOT_IN_P), f"<{tag}> in <{parent}>"
        assert len(attrs) == len(dict(attrs)), f"an attribute twice at {self.getpos()}"
        self.tags[tag] += 1
        self.attributes.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append(Counter())
        if "table" in self.open or tag == "table":
            scope = dict(attrs).get("scope")
            self.tables[-1][f"{tag}[{scope}]" if tag == "th" else tag] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1:] == [tag], f"</{tag}> where {self.open[-1:]} is open, at {self.getpos()}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


def checked(html: str) -> Checked:
    assert html.startswith("<!DOCTYPE html>")
    found = Checked()
    found.feed(html)
    found.close()
    assert found.open == []
    ids = [attributes["id"] for _, attributes in found.attributes if "id" in attributes]
    assert len(ids) == len(set(ids))
    return found


def shown(record: dict[str, Any]) -> str:
    ids = [each["id"] for part in (*record["causes"], *record["must_not_flip"]) for each in part["samples"]]
    return page(record, dict.fromkeys(ids, PIXEL))


@pytest.mark.parametrize("which", ["plain", "hostile"])
def test_that_the_page_is_well_formed_and_its_tables_are_accessible(which: str, request: pytest.FixtureRequest) -> None:
    found = checked(shown(request.getfixturevalue(which)))
    assert found.tags["table"] > 6
    for table in found.tables:
        assert table["caption"] == 1
        assert table["th[col]"] > 1
        assert table["th[row]"] > 0
        assert table["th[None]"] == 0
    assert all(attributes.get("aria-label") for tag, attributes in found.attributes if tag == "svg")
    assert all("alt" in attributes for tag, attributes in found.attributes if tag == "img")


def test_that_nothing_is_fetched_and_no_script_can_run(hostile: dict[str, Any]) -> None:
    found = checked(shown(hostile))
    assert not found.tags.keys() & {"script", "link", "iframe", "object", "base", "form"}
    for tag, attributes in found.attributes:
        assert not attributes.keys() & {"href", "srcset", "style", "xlink:href"}
        assert not any(name.startswith("on") for name in attributes)
        assert (tag == "img") == ("src" in attributes)
        assert str(attributes.get("src", PIXEL)) == PIXEL
    policies = [a["content"] for t, a in found.attributes if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    assert "url(" not in shown(hostile)


def test_that_names_are_shown_as_they_are_and_are_never_markup(hostile: dict[str, Any]) -> None:
    html = shown(hostile)
    told = " ".join("".join(checked(html).text).split())
    for name in HOSTILE[:3]:
        assert name in told
    assert "{{ 7 * 7 }} {% x %}" in told
    assert "two lines [31m]]>" in told
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\ud800\ufffe]", html)


def test_that_the_first_thing_said_is_the_verdict_and_then_each_criterion(plain: dict[str, Any]) -> None:
    told = " ".join("".join(checked(shown(plain)).text).split())
    order = [
        "v1 a → v2 b",
        "Hold",
        "Each criterion of the policy",
        "at most 0",
        "✗ fails",
        "Weights, SHA-256",
        "abababababababab",
    ]
    places = [told.index(words) for words in order]
    assert places == sorted(places)
    assert told.count("? too little evidence") == sum(
        each["outcome"] == "too little evidence" for each in plain["verdict"]["criteria"]
    )


def test_that_without_a_policy_nothing_is_called_judged(plain: dict[str, Any]) -> None:
    told = "".join(checked(shown({**plain, "verdict": None, "must_not_flip": []})).text)
    assert "Not judged" in told
    assert "passes" not in told


def test_that_many_classes_are_cut_and_the_cut_is_told(plain: dict[str, Any]) -> None:
    rows = [{**plain["per_class"][0], "name": f"class {i}"} for i in range(MOST_CLASSES + 7)]
    html = shown({**plain, "per_class": rows})
    assert "class 999<" in html
    assert "class 1000<" not in html
    assert "… and 7 more" in html


def test_that_texts_of_others_are_cut(plain: dict[str, Any]) -> None:
    noted = {**plain["judgements"], "first": [{"id": "x", "mark": "", "note": "long " * 10_000}]}
    assert len(shown({**plain, "judgements": noted})) < len(shown(plain)) + 10_000

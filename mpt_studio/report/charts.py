"""The pictures of a report, as SVG that needs no script: criteria, what became of the samples, the frontier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from mpt_studio.report.svg import Scale, drawing, element, path, scale_of, ticks

FAR = 0.12
"""So much less accuracy than the best offset's is not drawn."""
_STRIP = (168, 26)
KINDS = (
    ("both_right", "stay right"),
    ("positive_flips", "gained"),
    ("negative_flips", "broken"),
    ("both_wrong", "stay wrong"),
)


def criterion(told: dict[str, Any]) -> Markup:
    """Value and interval on a line, the side that passes shaded, the threshold a bar."""
    if told["value"] is None or told["interval"] is None:
        return Markup("")
    (width, height), middle = _STRIP, _STRIP[1] / 2
    low, high = told["interval"]
    scale = scale_of([low, high, told["value"], told["threshold"]], 6, width - 6, room=0.25, least=1e-4)
    at = scale(told["threshold"])
    good = (at, float(width)) if told["is_least"] else (0.0, at)
    kind = told["outcome"].replace(" ", "-")
    return drawing(
        width,
        height,
        told["sentence"],
        element("rect", x=good[0], y=3, width=good[1] - good[0], height=height - 6, rx=3, class_="good-side"),
        element("line", x1=at, x2=at, y1=1, y2=height - 1, class_="threshold"),
        element("line", x1=scale(low), x2=scale(high), y1=middle, y2=middle, class_=f"interval {kind}"),
        *(
            element("line", x1=scale(end), x2=scale(end), y1=middle - 4, y2=middle + 4, class_=f"interval {kind}")
            for end in (low, high)
        ),
        element("circle", cx=scale(told["value"]), cy=middle, r=4, class_=f"value {kind}"),
        kind="strip",
    )


def outcomes(rates: dict[str, Any]) -> Markup:
    """What became of the samples, as one bar."""
    total, width, left, parts = rates["samples"], 640, 0.0, []
    for key, _ in KINDS:
        wide = width * rates[key] / total if total else 0.0
        if wide:
            parts.append(element("rect", x=left, y=0, width=max(wide - 1.5, 0.5), height=22, class_=f"part {key}"))
        left += wide
    title = ", ".join(f"{rates[key]:,} {words}" for key, words in KINDS)
    return drawing(width, 22, title, *parts, kind="outcomes", preserveAspectRatio="none")


def share_bar(share: float | None, kind: str = "negative_flips") -> Markup:
    """How much of a whole."""
    wide = 120 * (share or 0.0)
    return drawing(
        120,
        10,
        f"{100 * (share or 0.0):.1f} %",
        element("rect", x=0, y=0, width=120, height=10, rx=2, class_="ground"),
        element("rect", x=0, y=0, width=wide, height=10, rx=2, class_=f"part {kind}"),
        kind="share",
    )


def frontier(record: dict[str, Any], here: tuple[float, float] | None) -> Markup:
    """Accuracy against NFR: what each offset γ would make of the update and of plain training."""
    curves = [(name, _worth(record[key])) for name, key in (("update", "new"), ("plain", "plain"))]
    points = [(x, y) for _, curve in curves for x, y, _ in curve] + ([here] if here else [])
    if len(points) < 2:
        return Markup("")
    across = scale_of([x for x, _ in points], 56, 628)
    up = scale_of([y for _, y in points], 262, 14)
    lines = [_curve(name, curve, across, up) for name, curve in curves if len(curve) > 1]
    dots = [_dot(name, x, y, across, up) for name, curve in curves for x, y, gamma in curve if not gamma]
    if here is not None:
        dots.append(_dot("here", *here, across, up))
    title = "Accuracy over all samples against NFR, for every logit offset γ"
    return drawing(640, 310, title, *_axes(across, up, "NFR", "accuracy (all)"), *lines, *dots)


def _worth(curve: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    """The points that anybody would choose among: those far below the best only make the others small."""
    best = max((accuracy for _, accuracy, _ in curve), default=0.0)
    return [point for point in curve if point[1] >= best - FAR or not point[2]]


def _curve(name: str, curve: Sequence[Sequence[float]], across: Scale, up: Scale) -> Markup:
    return element("path", d=path([(across(x), up(y)) for x, y, *_ in curve]), class_=f"curve {name}")


def _dot(name: str, x: float, y: float, across: Scale, up: Scale) -> Markup:
    return element("circle", cx=across(x), cy=up(y), r=5, class_=f"dot {name}")


def _axes(across: Scale, up: Scale, below: str, beside: str, most: int = 6) -> list[Markup]:
    left, right, bottom, top = across.start, across.end, up.start, up.end
    found = []
    for value in ticks(across, most):
        x = across(value)
        found.append(element("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        found.append(element("text", _percent(value), x=x, y=bottom + 18, text_anchor="middle"))
    for value in ticks(up):
        y = up(value)
        found.append(element("line", x1=left, x2=right, y1=y, y2=y, class_="grid"))
        found.append(element("text", _percent(value), x=left - 8, y=y + 4, text_anchor="end"))
    middle = (top + bottom) / 2
    found.append(element("text", f"{below} →", x=right, y=bottom + 38, text_anchor="end", class_="axis"))
    found.append(
        element("text", f"{beside} →", x=14, y=middle, text_anchor="middle", class_="axis",
                transform=f"rotate(-90 14 {middle:.0f})")
    )  # fmt: skip
    return found


def _percent(value: float) -> str:
    return f"{100 * value:.2f}".rstrip("0").rstrip(".").replace("-", "−") + " %"


def reliability(bins: Sequence[dict[str, Any]], of: str) -> Markup:
    """How often answers of each confidence are right; on the diagonal a version knows what it knows."""
    across, up = Scale(0, 1, 56, 236), Scale(0, 1, 196, 16)
    bars = [_bar(each, across, up) for each in bins if each["samples"]]
    diagonal = element("path", d=path([(across(0), up(0)), (across(1), up(1))]), class_="diagonal")
    return drawing(
        262, 236, f"Reliability of {of}", *_axes(across, up, "confidence", "right", most=2), *bars, diagonal,
        kind="chart small",
    )  # fmt: skip


def _bar(each: dict[str, Any], across: Scale, up: Scale) -> Markup:
    left, right, y = across(each["low"]), across(each["high"]), up(each["accuracy"])
    return element("rect", x=left + 0.5, y=y, width=right - left - 1, height=up(0) - y, class_="bin")

"""Methods: how an update is kept close to the old model. The presets, their names, and how people write them.

Written from the formulas of Ricci et al., AAAI 2026 (arXiv 2511.08322).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, assert_never

from annotated_types import Interval

from mpt_studio.errors import UsageError, UserError
from mpt_studio.made_of import STRICT, MisfitError, made_of

Distillation = Literal["none", "naive", "focal_kl", "focal_lm", "lm", "lm_topk"]
Teachers = Literal["none", "old", "old_and_reference", "old_and_ensemble"]
Teacher = Literal["old", "reference", "ensemble"]


@dataclass(frozen=True, kw_only=True)
class Method:
    """How an update is kept close to the old model: which distillation, which teachers, which margin."""

    __pydantic_config__ = STRICT

    name: str = "No_Treatment"
    """Published name of the preset that the other fields started from."""
    distillation: Distillation = "none"
    """The distillation term; "focal" ones weigh samples that the teacher gets right more."""
    teachers: Teachers = "none"
    """Whose logits the update is drawn to."""
    logit_margin: Annotated[float, Interval(ge=0, le=20)] = 0.0
    """b, added to new-class logits in the training loss only; 0 is none."""
    temperature: Annotated[float, Interval(gt=0, le=100)] = 5.0
    """τ of the KL distillation."""
    focal_alpha: Annotated[float, Interval(ge=0, le=100)] = 1.0
    """Weight of every sample in focal distillation."""
    focal_beta: Annotated[float, Interval(ge=0, le=100)] = 5.0
    """Additional weight of samples that the teacher gets right."""
    old_weight: Annotated[float, Interval(ge=0, le=100)] = 1.0
    """Factor of the term with the old model."""
    new_weight: Annotated[float, Interval(ge=0, le=100)] = 1.0
    """Factor of the term with the reference model or the ensemble."""
    topk: Annotated[int, Interval(ge=1, le=100_000)] = 10
    """Number of teacher's classes that "lm_topk" compares."""
    start_epoch: Annotated[int, Interval(ge=0, le=100_000)] = 0
    """Distillation begins at this epoch, counted from 0."""
    ensemble_size: Annotated[int, Interval(ge=1, le=64)] = 8
    """Reference models in the ensemble of "old_and_ensemble"."""
    shuffled: bool = False
    """A control: which images weigh more is shuffled within each batch, as if by chance the teacher got them right."""
    from_old: bool = False
    """The candidate goes on from the old model's weights, whatever the recipe's start: what "@old" says of a name."""
    interpolates: str = ""
    """Label of a candidate from the old model, whose weights are mixed with the old model's, without training."""

    @property
    def taught_by(self) -> tuple[Teacher, ...]:
        """Whose logits training needs."""
        if self.distillation == "none":
            return ()
        match self.teachers:
            case "none":
                return ()
            case "old":
                return ("old",)
            case "old_and_reference":
                return ("old", "reference")
            case "old_and_ensemble":
                return ("old", "ensemble")
            case _:
                assert_never(self.teachers)

    @property
    def weighs_what_is_right(self) -> bool:
        """Whether images weigh more where a teacher is right: what ``shuffled`` controls."""
        return self.distillation == "naive" or (self.distillation in ("focal_kl", "focal_lm") and self.focal_beta > 0)

    @property
    def needs_old(self) -> bool:
        """Whether training needs the old model's logits."""
        return "old" in self.taught_by

    @property
    def needs_reference(self) -> bool:
        """Whether training needs the reference model's logits."""
        return "reference" in self.taught_by

    @property
    def needs_ensemble(self) -> bool:
        """Whether training needs an ensemble of reference models."""
        return "ensemble" in self.taught_by


def check_teachers(method: Method, *, old: object, reference: object, ensemble: Sequence[object]) -> None:
    """Raise ``UserError`` where a teacher that the method needs is not given, be it as a path or as a checkpoint."""
    for needed, given, what in (
        (method.needs_old, old, "the old model as a teacher; name its checkpoint with --old"),
        (method.from_old, old, "the old model, from whose weights it goes on; name its checkpoint with --old"),
        (method.needs_reference, reference, "the reference model as a teacher; name its checkpoint with --reference"),
        (method.needs_ensemble, ensemble, "an ensemble of reference models; name their checkpoints with --ensemble"),
    ):
        if needed and not given:
            raise UserError(f"{method.name} needs {what}.")


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{text!r} in {where!r} is not a number; write a margin as in mpt_kl:2.") from None


_KL: dict[str, Any] = {"distillation": "focal_kl"}
_LM: dict[str, Any] = {"distillation": "focal_lm", "old_weight": 0.4, "new_weight": 0.4}
_ELODI: dict[str, Any] = {"teachers": "old_and_ensemble", "old_weight": 0.6, "new_weight": 0.4, "start_epoch": 6}
_BOTH: dict[str, Any] = {"teachers": "old_and_reference"}

METHODS: dict[str, Method] = {
    m.name: m
    for m in (
        Method(name="No_Treatment"),
        Method(name="PCT_Naive", distillation="naive", teachers="old"),
        Method(name="PCT_KL", teachers="old", **_KL),
        Method(name="PCT_LM", teachers="old", **_LM),
        Method(name="ELODI", distillation="lm", **_ELODI),
        Method(name="ELODI_topk", distillation="lm_topk", **_ELODI),
        Method(name="MPT_KL", logit_margin=4.0, **_KL, **_BOTH),
        Method(name="MPT_LM", logit_margin=4.0, **_LM, **_BOTH),
        Method(name="MPT_nodistillation", logit_margin=4.0),
        Method(name="MPT_KL_nobias", **_KL, **_BOTH),
        Method(name="MPT_LM_nobias", **_LM, **_BOTH),
        Method(name="Churn_KD", teachers="old", **{**_KL, "focal_alpha": 1.0, "focal_beta": 0.0, "temperature": 1.0}),
        Method(name="Old_Correct_KL", teachers="old", **{**_KL, "focal_alpha": 0.0}),
    )
}
"""Presets by published name: eleven of arXiv 2511.08322 and its script; distillation from the old model as a bound on
churn (Jiang et al., ICLR 2022); focal distillation only where the old model is right."""

BCWI = "BCWI"
"""Backward-compatible weight interpolation (Schumann et al., 2023; PAINT, NeurIPS 2022): after training, not a loss."""


@dataclass(frozen=True)
class Naming:
    """What a method is called for people who have not read the paper; its published name stands beside."""

    plain: str
    """Two or three words."""
    sentence: str
    """What it does to the update."""
    short: str
    """Both names where room is scarce: tables and legends."""


NAMINGS: dict[str, Naming] = {
    "No_Treatment": Naming(
        "Plain training", "Trains as if there were no old model: what you would get anyway.", "Plain training"
    ),
    "PCT_Naive": Naming(
        "Repeat what was right", "Weighs samples that the old model gets right twice.", "Repeat (PCT_Naive)"
    ),
    "PCT_KL": Naming(
        "Keep close to the old model",
        "Keeps the old model's answers, above all where they are right.",
        "Keep close (PCT_KL)",
    ),
    "PCT_LM": Naming(
        "Keep close to the old model, by logits", "As PCT_KL, with a distance of logits instead.", "Keep close (PCT_LM)"
    ),
    "ELODI": Naming(
        "Keep close to an ensemble", "Keeps close to the mean of several reference models; costly.", "Ensemble (ELODI)"
    ),
    "ELODI_topk": Naming(
        "Keep close to an ensemble's best answers",
        "As ELODI, for the largest logits only; costly.",
        "Ensemble (ELODI_topk)",
    ),
    "MPT_KL": Naming(
        "Margin preserving",
        "Keeps close to the old and the reference model, and trains with a margin that holds new classes back.",
        "Margin (MPT_KL)",
    ),
    "MPT_LM": Naming(
        "Margin preserving, by logits", "As MPT_KL, with a distance of logits instead.", "Margin (MPT_LM)"
    ),
    "MPT_nodistillation": Naming("The margin alone", "MPT without staying close to any model.", "Margin alone (MPT)"),
    "MPT_KL_nobias": Naming("Keep close to both", "MPT_KL without its margin.", "No margin (MPT_KL)"),
    "MPT_LM_nobias": Naming("Keep close to both, by logits", "MPT_LM without its margin.", "No margin (MPT_LM)"),
    "Churn_KD": Naming(
        "Keep close everywhere", "Keeps the old model's answers, right or wrong: least churn.", "Close everywhere (KD)"
    ),
    "Old_Correct_KL": Naming(
        "Keep close where it was right",
        "Keeps the old model's answers only where they are right.",
        "Close where right (KL)",
    ),
    BCWI: Naming(
        "Mix the weights", "Between the old model's weights and a candidate's; no training.", "Mixture (BCWI)"
    ),
}
"""By published name."""
FIRST = "MPT_KL"
"""The method to begin with."""
WHY_FIRST = (
    "Begin with Margin (MPT_KL): one number, its margin b, trades flips against new classes. Compare it with plain "
    "training and its free logit offset γ; keep what is better there."
)


def plain_name(name: str) -> str:
    """ "Margin preserving (MPT_KL)" for a published name; other names as they are."""
    naming = NAMINGS.get(name)
    return f"{naming.plain} ({name})" if naming else name


def shown(label: str) -> str:
    """A label of ``label_of`` for people, short: "Margin (MPT_KL) b=2 @old"; what is no such label as it is.

    A trial of a search has its number before it: "#3 Margin (MPT_KL) lr=0.02".
    """
    mixed, of, rest = label.partition(" of ")
    if mixed == BCWI and of:
        return f"{NAMINGS[BCWI].short} of {shown(rest)}"
    return _NAMED.sub(_plainly, label, count=1)


def shown_in(sentence: str) -> str:
    """A sentence about trials of a search, with their methods as ``shown`` calls them."""
    return _TRIAL.sub(_plainly, sentence)


def told(written: str, logit_margin: float | None = None) -> str:
    """A recipe's list for people: "none, mpt_kl:2" → "Plain training, Margin (MPT_KL) b=2"; other words stay."""
    return ", ".join(_told(name, logit_margin) for name in map(str.strip, written.split(",")) if name)


def _told(name: str, logit_margin: float | None) -> str:
    try:
        return shown(label_of(method_named(name, logit_margin)))
    except UserError:
        return NAMINGS[BCWI].short if name.lower() == BCWI.lower() else name


def _plainly(found: re.Match[str]) -> str:
    naming = NAMINGS.get(found["name"])
    return f"{found['number'] or ''}{naming.short}" if naming else found[0]


_NAMED = re.compile(r"^(?P<number>#\d+ )?(?P<name>\w+)(?=[ ,]|$)")
_TRIAL = re.compile(r"(?P<number>#\d+ )(?P<name>\w+)")


_BY_SNAKE = {name.lower(): name for name in METHODS} | {
    "none": "No_Treatment",
    "mpt_no_distillation": "MPT_nodistillation",
}


def method_named(name: str, logit_margin: float | None = None) -> Method:
    """A preset by published or lower-case name ("MPT_KL", "mpt_kl", "none").

    ``logit_margin`` replaces b where the preset has a margin. A name may carry its own, and say that its candidate
    goes on from the old model: "mpt_kl:2@old". Raises ``UsageError`` for what is no such name.
    """
    named, at, start = name.strip().partition("@")
    if at and start.strip().lower() != "old":
        raise UsageError(f"{start.strip()!r} in {name.strip()!r} is no start of one method; write @old, or nothing.")
    base, _, own_margin = named.partition(":")
    method = dataclasses.replace(_preset(base.strip()), from_old=bool(at))
    margin = _number(own_margin, name) if own_margin else logit_margin if method.logit_margin else None
    return method if margin is None else _in_range(dataclasses.replace(method, logit_margin=margin))


def _in_range(method: Method) -> Method:
    try:
        return made_of(Method, dataclasses.asdict(method))
    except MisfitError as misfit:
        reason = f"{misfit.reason[0].lower()}{misfit.reason[1:]}"
        raise UsageError(f"The method's {misfit.where} is {misfit.given!r}: {reason}.") from None


def _preset(name: str) -> Method:
    snake = name.lower().replace("-", "_")
    if snake == BCWI.lower():
        raise UsageError(
            f"{snake} mixes the weights of a candidate with the old model's: put it after one from the old "
            "model, as in none@old,bcwi."
        )
    if snake not in _BY_SNAKE:
        known = ", ".join(n.lower() for n in METHODS)
        raise UsageError(f"There is no method {name!r}; choose from none, {known}, or {BCWI.lower()} after one @old.")
    return METHODS[_BY_SNAKE[snake]]


def methods_named(text: str, logit_margin: float | None = None) -> tuple[Method, ...]:
    """The methods of a list with commas, the plain one first, each once; see ``method_named``.

    "bcwi" stands for the interpolation of the last candidate from the old model before it. Raises ``UsageError``.
    """
    found = [METHODS["No_Treatment"]]
    for name in filter(None, map(str.strip, text.split(","))):
        last = next((m for m in reversed(found) if m.from_old and not m.interpolates), None)
        if name.lower() == BCWI.lower() and last:
            found.append(Method(name=BCWI, from_old=True, interpolates=label_of(last)))
        else:
            found.append(method_named(name, logit_margin))
    return tuple(dict.fromkeys(found))


def label_of(method: Method) -> str:
    """Short text for tables and legends: the name, with what differs from the preset's ("MPT_KL b=2 @old")."""
    if method.interpolates:
        return f"{method.name} of {method.interpolates}"
    preset = METHODS.get(method.name)
    margin = "" if preset is None or preset.logit_margin == method.logit_margin else f" b={method.logit_margin:g}"
    return f"{method.name}{margin}{' @old' if method.from_old else ''}{' shuffled' if method.shuffled else ''}"

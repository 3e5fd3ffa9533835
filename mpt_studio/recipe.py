"""Everything that decides a result, as frozen dataclasses.

The same classes are the command line's options, the form in the window and the file on disk. The text under a field is
its help and its tooltip; an ``Interval`` or ``Literal`` in its type is its range. Written from the formulas of Ricci et
al., AAAI 2026 (arXiv 2511.08322).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar, assert_never

from annotated_types import Interval

from mpt_studio import paths
from mpt_studio.errors import UsageError, UserError
from mpt_studio.made_of import STRICT, MisfitError, made_of

Distillation = Literal["none", "naive", "focal_kl", "focal_lm", "lm", "lm_topk"]
Teachers = Literal["none", "old", "old_and_reference", "old_and_ensemble"]
Teacher = Literal["old", "reference", "ensemble"]
Role = Literal["old", "reference", "candidate", "noise_floor", "ensemble"]


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
        (method.needs_reference, reference, "the reference model as a teacher; name its checkpoint with --reference"),
        (method.needs_ensemble, ensemble, "an ensemble of reference models; name their checkpoints with --ensemble"),
    ):
        if needed and not given:
            raise UserError(f"{method.name} needs {what}.")


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
    )
}
"""The eleven published methods (arXiv 2511.08322 and its script), by published name."""

_BY_SNAKE = {name.lower(): name for name in METHODS} | {
    "none": "No_Treatment",
    "mpt_no_distillation": "MPT_nodistillation",
}


def method_named(name: str, logit_margin: float | None = None) -> Method:
    """A preset by published or lower-case name ("MPT_KL", "mpt_kl", "none").

    ``logit_margin`` replaces b where the preset has a margin. A name may carry its own: "mpt_kl:2".
    Raises ``UserError`` for unknown names.
    """
    base, _, own_margin = name.strip().partition(":")
    published = _BY_SNAKE.get(base.strip().lower().replace("-", "_"))
    if published is None:
        raise UsageError(
            f"There is no method {base.strip()!r}; choose from none, {', '.join(n.lower() for n in METHODS)}."
        )
    method = METHODS[published]
    if own_margin:
        return _with_margin(method, _number(own_margin, name))
    return _with_margin(method, logit_margin) if logit_margin is not None and method.logit_margin else method


def _with_margin(method: Method, margin: float) -> Method:
    return checked(dataclasses.replace(method, logit_margin=margin))


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{text!r} in {where!r} is not a number; write a margin as in mpt_kl:2.") from None


def label_of(method: Method) -> str:
    """Short text for tables and legends: the name, with b where it differs from the preset's ("MPT_KL b=2")."""
    preset = METHODS.get(method.name)
    if preset is None or preset.logit_margin == method.logit_margin:
        return method.name
    return f"{method.name} b={method.logit_margin:g}"


@dataclass(frozen=True, kw_only=True)
class Model:
    """The network."""

    __pydantic_config__ = STRICT

    arch: str = "small"
    """"small" (residual, about 0.2 M parameters, for CPUs), any torchvision classification model, or timm/NAME."""
    small_stem: Literal["auto", "on", "off"] = "auto"
    """3×3 stride-1 first convolution, no max pooling; auto: on up to 64 px. The published script has it off."""
    image_size: Annotated[int, Interval(ge=0, le=1024)] = 0
    """Side of the square input in pixels; 0 takes the data's own size (224 where the images differ in size)."""

    def input_size(self, of_data: int) -> int:
        """Side of the input for data of images of one size, or of several (0)."""
        return self.image_size or of_data or 224


@dataclass(frozen=True, kw_only=True)
class Training:
    """The optimisation."""

    __pydantic_config__ = STRICT

    epochs: Annotated[int, Interval(ge=1, le=100_000)] = 30
    """Passes over the training data."""
    batch_size: Annotated[int, Interval(ge=1, le=65_536)] = 128
    """Images per optimizer step."""
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """SGD with momentum, or AdamW."""
    learning_rate: Annotated[float, Interval(gt=0, le=100)] = 0.1
    """Peak learning rate."""
    momentum: Annotated[float, Interval(ge=0, lt=1)] = 0.9
    """Momentum of SGD."""
    nesterov: bool = False
    """Nesterov momentum for SGD."""
    weight_decay: Annotated[float, Interval(ge=0, le=10)] = 5e-4
    """L2 penalty (SGD) or decoupled decay (AdamW)."""
    schedule: Literal["cosine", "step", "constant"] = "cosine"
    """How the learning rate falls; "step" divides by 10 at 50 % and 75 % of the run."""
    schedule_per: Literal["step", "epoch"] = "step"
    """When the schedule moves; the published script moves per epoch."""
    warmup_epochs: Annotated[float, Interval(ge=0, le=1000)] = 0.0
    """Linear warm-up before the schedule, in epochs; part of the run's epochs."""
    label_smoothing: Annotated[float, Interval(ge=0, lt=1)] = 0.0
    """Share of the target spread over all classes."""
    clip_gradient: Annotated[float, Interval(ge=0)] = 0.0
    """Largest norm of the gradient; 0 is no limit."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Arithmetic of the forward and backward pass; losses are always float32."""
    deterministic: bool = False
    """On CUDA, only operations that give the same bits in every run, which costs speed; the CPU always does."""
    crop_padding: Annotated[int, Interval(ge=-1, le=64)] = -1
    """Random crop after padding by this many pixels; 0 is none, -1 an eighth of the image's side."""
    flip: Literal["auto", "on", "off"] = "auto"
    """Random horizontal flip; auto: off for data in which left and right matter (characters)."""
    validation_fraction: Annotated[float, Interval(ge=0, lt=1)] = 0.1
    """Share of the training part kept for validation; the test part is touched once, at the end."""
    keep: Literal["last", "best"] = "last"
    """Which epoch's weights become the version: the last, or the best by validation accuracy."""
    limit_train: Annotated[int, Interval(ge=0)] = 0
    """Use only this many training samples, spread over the classes; 0 is all."""
    seed: Annotated[int, Interval(ge=0, le=2**31 - 1)] = 42
    """Decides initial weights, batch order, augmentation and the validation part."""
    save_every_seconds: Annotated[float, Interval(ge=0)] = 30.0
    """Time between resume points inside an epoch; its end is one as well. Saving never takes more than 2 % of a run."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps."""
    data_placement: Literal["auto", "device", "loader"] = "auto"
    """Training images as one tensor on the device, or read by loader processes; auto: on the device when they fit."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One version's training: what ``mpt-studio train`` runs."""

    __pydantic_config__ = STRICT

    data: str
    """builtin, fashion-mnist[:DIR], cifar10:DIR, cifar100:DIR, folder:DIR or manifest:FILE.csv."""
    role: Role = "candidate"
    """What the version is for; an "old" one is trained on the old classes only."""
    old_classes: str = ""
    """Classes that the old model knows: a count, names separated by commas, or a file with one name per line."""
    old: str = ""
    """The old model's checkpoint; empty where there is none."""
    reference: str = ""
    """The reference model's checkpoint, where the method has it as a teacher."""
    ensemble: tuple[str, ...] = ()
    """Checkpoints of the ensemble, where the method has one."""
    method: Method = field(default_factory=Method)
    model: Model = field(default_factory=Model)
    training: Training = field(default_factory=Training)


@dataclass(frozen=True, kw_only=True)
class UpdateRecipe:
    """The one-click job: old model, reference model and updates by several methods, side by side."""

    __pydantic_config__ = STRICT

    data: str = "builtin"
    """builtin, fashion-mnist[:DIR], cifar10:DIR, cifar100:DIR, folder:DIR or manifest:FILE.csv."""
    old_classes: str = ""
    """Classes that the old model knows: a count, names separated by commas, or a file with one name per line."""
    old: str = ""
    """The old model's checkpoint; empty trains one on the old classes."""
    methods: str = "none,pct_kl,mpt_kl,mpt_lm"
    """Candidates, separated by commas; a margin of its own as in mpt_kl:2. The reference model is always the first."""
    logit_margin: Annotated[float, Interval(ge=0, le=20)] | None = None
    """b for the methods with a margin; empty keeps each preset's own (4)."""
    noise_floor: bool = False
    """Train a second plain model with another seed: the flips that mere chance makes."""
    ensemble_size: Annotated[int, Interval(ge=1, le=64)] = 8
    """Reference models in ELODI's ensemble."""
    model: Model = field(default_factory=Model)
    training: Training = field(default_factory=Training)

    def candidate_methods(self) -> tuple[Method, ...]:
        """The candidates' methods, the plain one first, each once. Raises ``UserError`` for unknown names."""
        named = [method_named(n, self.logit_margin) for n in self.methods.split(",") if n.strip()]
        sized = [dataclasses.replace(m, ensemble_size=self.ensemble_size) for m in [METHODS["No_Treatment"], *named]]
        return tuple(dict.fromkeys(sized))


T = TypeVar("T")


def to_json(recipe: Any) -> dict[str, Any]:
    """A recipe (or a part of one) as plain JSON values."""
    return dataclasses.asdict(recipe)


_RETIRED = ("compile",)
"""Fields of a training that recipes on disk still have and that decide nothing any more: what compiling networks gained
did not earn its place (see docs/performance.md)."""


def from_json(cls: type[T], values: dict[str, Any], error: type[UserError] = UserError) -> T:
    """The recipe in plain JSON values; unknown fields and values out of range raise ``error``."""
    try:
        return made_of(cls, _without_retired(values))
    except MisfitError as misfit:
        raise error(_sentence(misfit)) from None


def _without_retired(values: dict[str, Any]) -> dict[str, Any]:
    training = values.get("training")
    if not isinstance(training, dict):
        return values
    return {**values, "training": {name: value for name, value in training.items() if name not in _RETIRED}}


def checked(recipe: T) -> T:
    """``recipe`` itself when every field is in range; else ``UsageError`` naming the field."""
    return from_json(type(recipe), to_json(recipe), UsageError)


def _sentence(misfit: MisfitError) -> str:
    where = misfit.where or "recipe"
    if misfit.is_unknown:
        return f"The recipe has a field {where!r} that this version of MPT Studio does not know."
    return f"The recipe's {where} is {misfit.given!r}: {misfit.reason[0].lower()}{misfit.reason[1:]}."


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A named start for an update, from ``resources/presets``."""

    key: str
    title: str
    description: str
    recipe: UpdateRecipe
    order: int = 100


def presets() -> list[Preset]:
    """The presets that come with the program, in their order."""
    files = paths.resource("presets").glob("*.json")
    return sorted((from_json(Preset, json.loads(f.read_text("utf-8"))) for f in files), key=lambda p: p.order)


def preset(key: str) -> Preset:
    """One preset by its key; ``UserError`` for an unknown one."""
    found = {p.key: p for p in presets()}
    if key not in found:
        raise UsageError(f"There is no preset {key!r}; choose from {', '.join(found)}.")
    return found[key]

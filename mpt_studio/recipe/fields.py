"""Everything that decides a result, as frozen dataclasses.

The same classes are the command line's options, the form in the window and the file on disk. The text under a field is
its help and its tooltip; an ``Interval`` or ``Literal`` in its type is its range. Written from the formulas of Ricci et
al., AAAI 2026 (arXiv 2511.08322).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Interval

from mpt_studio.made_of import STRICT
from mpt_studio.methods import Method, methods_named
from mpt_studio.recipe.record import checked

Role = Literal["old", "reference", "candidate", "noise_floor", "ensemble"]


class Words:
    """In the type of a number: what some of its values are called, where people read and write them."""

    def __init__(self, **values: float) -> None:
        self.values = values


def words_of(hint: Any) -> dict[str, float]:
    """Word → number, of a field's type."""
    return next((part.values for part in getattr(hint, "__metadata__", ()) if isinstance(part, Words)), {})


@dataclass(frozen=True, kw_only=True)
class Model:
    """The network."""

    __pydantic_config__ = STRICT

    arch: str = "small"
    """"small" (residual, about 0.2 M parameters, for CPUs), any torchvision classification model, or timm/NAME."""
    small_stem: Literal["auto", "on", "off"] = "auto"
    """3×3 stride-1 first convolution, no max pooling; auto: on up to 64 px. The published script has it off."""
    image_size: Annotated[int, Interval(ge=0, le=1024), Words(auto=0)] = 0
    """Side of the square input in pixels; auto (0): that of the start's weights, else the data's own, else 224."""

    def input_size(self, of_data: int, of_start: int = 0) -> int:
        """Side of the input, given that of the images (0: of several sizes) and of the start's weights (0: none)."""
        return self.image_size or of_start or of_data or 224


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where a version's weights come from, and which of them learn."""

    __pydantic_config__ = STRICT

    start: str = "auto"
    """auto, scratch, pretrained (the architecture's published weights), or a weights file; auto: published weights
    where they are at hand and the images are larger than 64 pixels, else scratch."""
    new_rows: Literal["drawn", "mean"] = "drawn"
    """The head's rows of classes that the start does not know: drawn with mean and spread of the known ones, or their
    mean."""
    freeze: Annotated[int, Interval(ge=-1, le=100_000), Words(none=0, always=-1)] = 0
    """Train the head alone for this many epochs, or always (-1); the network below it stays as it came."""
    layer_decay: Annotated[float, Interval(gt=0, le=1)] = 1.0
    """A layer n groups below the head learns at this to the power of n of the learning rate; 1 is alike."""
    keep_near: Annotated[float, Interval(ge=0, le=10)] = 0.0
    """Decay towards the weights that training began with instead of towards zero, by this factor; 0 is none."""
    batch_norm: Literal["move", "keep"] = "move"
    """Whether the statistics of batch normalisation follow the new images or stay as they came."""

    @property
    def file(self) -> str:
        """The weights file that training begins with; empty where it begins otherwise."""
        return "" if self.start in ("auto", "scratch", "pretrained") else self.start


@dataclass(frozen=True, kw_only=True)
class Images:
    """How training images are varied: pure functions of (seed, epoch, step, sample)."""

    __pydantic_config__ = STRICT

    crop: Literal["auto", "pad", "resized", "centre"] = "auto"
    """Random place after padding, random part of random size, or none; auto: pad up to 64 pixels, else resized, but
    none where the head alone learns."""
    crop_area: Annotated[float, Interval(ge=0, le=1), Words(auto=0)] = 0.0
    """Smallest part of the image that a resized crop shows; auto (0): 0.08 from scratch, 0.35 when fine-tuning."""
    colour_jitter: Annotated[float, Interval(ge=0, le=1)] = 0.0
    """Brightness, contrast and saturation change by up to this share."""
    auto_augment: Literal["none", "trivial", "rand"] = "none"
    """TrivialAugmentWide, or RandAugment (two operations of magnitude 9), as torchvision has them."""
    erase: Annotated[float, Interval(ge=0, le=1)] = 0.0
    """Chance that a random rectangle is erased (Zhong et al., AAAI 2020)."""
    mixup: Annotated[float, Interval(ge=0, le=10)] = 0.0
    """α of mixup (Zhang et al., ICLR 2018); 0 is none. Teachers see the mixed image."""
    cutmix: Annotated[float, Interval(ge=0, le=10)] = 0.0
    """α of CutMix (Yun et al., ICCV 2019); 0 is none. With mixup, each batch takes one of the two."""


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
    clip_gradient: Annotated[float, Interval(ge=0), Words(none=0)] = 0.0
    """Largest norm of the gradient; none (0) is no limit."""
    accumulate: Annotated[int, Interval(ge=1, le=4096)] = 1
    """Parts in which a step's batch is computed, one after the other: memory for one of them is enough."""
    balance: Annotated[float, Interval(ge=0, le=1)] = 0.0
    """Weigh classes in the cross-entropy by their number of images to the power of minus this; 0 is alike."""
    batch_norm_over: Literal["batch", "gpu"] = "batch"
    """Over several GPUs, batch normalisation's statistics are of the whole batch, with the results of one GPU, or of
    each GPU's part, which is faster."""
    ema: Annotated[float, Interval(ge=0, lt=1), Words(none=0)] = 0.0
    """The version is a running average of the weights, of this decay per step after a warm-up; none (0): no average."""
    patience: Annotated[int, Interval(ge=0, le=100_000), Words(none=0)] = 0
    """Stop after this many epochs without a better one on the validation part, whose best is kept; none (0): never."""
    patience_on: Literal["accuracy", "nfr"] = "accuracy"
    """What is better: accuracy, or fewer negative flips at an accuracy within one point of the best."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Arithmetic of the forward and backward pass; losses are always float32."""
    deterministic: bool = False
    """On CUDA, only operations that give the same bits in every run, which costs speed; the CPU always does."""
    crop_padding: Annotated[int, Interval(ge=-1, le=64), Words(auto=-1, none=0)] = -1
    """Random crop after padding by this many pixels; auto (-1): an eighth of the image's side; none (0): no crop."""
    flip: Literal["auto", "on", "off"] = "auto"
    """Random horizontal flip; auto: off where left and right matter (characters) and where the head alone learns."""
    validation_fraction: Annotated[float, Interval(ge=0, lt=1)] = 0.1
    """Share of the training part kept for validation; the test part is touched once, at the end."""
    keep: Literal["last", "best"] = "last"
    """Which epoch's weights become the version: the last, or the best by validation accuracy."""
    limit_train: Annotated[int, Interval(ge=0), Words(all=0)] = 0
    """Use only this many training samples, spread over the classes; all (0): every one."""
    seed: Annotated[int, Interval(ge=0, le=2**31 - 1)] = 42
    """Decides initial weights, batch order, augmentation and the validation part."""
    split_seed: Annotated[int, Interval(ge=-1, le=2**31 - 1), Words(auto=-1)] = -1
    """Decides the validation part alone, so that other seeds can be judged on the same one; auto (-1): the seed."""
    save_every_seconds: Annotated[float, Interval(ge=0)] = 30.0
    """Time between resume points inside an epoch; its end is one as well. Saving never takes more than 2 % of a run."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps."""
    data_placement: Literal["auto", "device", "loader"] = "auto"
    """Training images as one tensor on the device, or read by loader processes; auto: on the device when they fit."""

    @property
    def keeps(self) -> Literal["last", "best"]:
        """Which epoch's weights become the version; who stops early keeps the best."""
        return "best" if self.patience else self.keep

    @property
    def splits_by(self) -> int:
        """The seed of the validation part."""
        return self.seed if self.split_seed < 0 else self.split_seed


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One version's training: what ``mpt-studio train`` runs."""

    __pydantic_config__ = STRICT

    data: str
    """builtin, fashion-mnist[:DIR], cifar10:DIR, cifar100:DIR, folder:DIR, manifest:FILE, shards:DIR or parquet:DIR."""
    role: Role = "candidate"
    """What the version is for; an "old" one is trained on the old classes only."""
    old_classes: str = ""
    """Classes that the old model knows: a count, names separated by commas, or a file with one name per line."""
    old: str = ""
    """The old model: weights, an ONNX file, or its answers to all of the data; empty where there is none."""
    reference: str = ""
    """The reference model's checkpoint, where the method has it as a teacher."""
    ensemble: tuple[str, ...] = ()
    """Checkpoints of the ensemble, where the method has one."""
    method: Method = field(default_factory=Method)
    model: Model = field(default_factory=Model)
    start: Start = field(default_factory=Start)
    images: Images = field(default_factory=Images)
    training: Training = field(default_factory=Training)


@dataclass(frozen=True, kw_only=True)
class UpdateRecipe:
    """The one-click job: old model, reference model and updates by several methods, side by side."""

    __pydantic_config__ = STRICT

    data: str = "builtin"
    """builtin, fashion-mnist[:DIR], cifar10:DIR, cifar100:DIR, folder:DIR, manifest:FILE, shards:DIR or parquet:DIR."""
    old_classes: str = ""
    """Classes that the old model knows: a count, names separated by commas, or a file with one name per line."""
    old: str = ""
    """The old model: weights, an ONNX file, or its answers to all of the data; empty trains one on the old classes."""
    methods: str = "none,pct_kl,mpt_kl,mpt_lm"
    """Candidates, separated by commas; with a margin of its own, and from the old model's weights, as in mpt_kl:2@old;
    bcwi mixes the one @old before it with the old model. The reference model is always the first."""
    logit_margin: Annotated[float, Interval(ge=0, le=20)] | None = None
    """b for the methods with a margin; empty keeps each preset's own (4)."""
    noise_floor: bool = False
    """Train a second plain model with another seed: the flips that mere chance makes."""
    ensemble_size: Annotated[int, Interval(ge=1, le=64)] = 8
    """Reference models in ELODI's ensemble."""
    model: Model = field(default_factory=Model)
    start: Start = field(default_factory=Start)
    images: Images = field(default_factory=Images)
    training: Training = field(default_factory=Training)

    def candidate_methods(self) -> tuple[Method, ...]:
        """The candidates' methods, the plain one first, each once. Raises ``UserError`` for unknown names."""
        found = methods_named(self.methods, self.logit_margin)
        return tuple(checked(dataclasses.replace(m, ensemble_size=self.ensemble_size)) for m in found)

"""What was found in a weights file of any origin, and what a person decided about it.

Reading itself happens in a limited child process (``engine.intake``), which writes a normalised ``.safetensors`` and
one of these reports beside it. Everybody else reads only those two.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from mpt_studio.checkpoint import Checkpoint, Preprocessing
from mpt_studio.made_of import made_of

FORMAT = 1

Need = Literal["weights", "architecture", "class_names", "preprocessing"]
"""What a person still has to say before a version can be used."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a person decided about a file; whatever is empty is taken from the file and from what lies beside it."""

    arch: str = ""
    """As ``Checkpoint.architecture``."""
    small_stem: bool | None = None
    weights: Literal["", "raw", "ema"] = ""
    """Of a file that holds both: those that were trained last, or their average."""
    class_names: tuple[str, ...] = ()
    """In the order of the head's outputs."""
    preprocessing: Preprocessing | None = None


NOTHING_CHOSEN = Choices()


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An architecture that a file's tensors fit, or come close to."""

    arch: str
    small_stem: bool = False
    exact: bool = True
    """Whether every tensor fits in name and shape."""
    difference: str = ""
    """Where not: the first tensors that are missing, left over or of another shape, as a sentence."""
    agreement: str = ""
    """Where the names are another port's: "296 of 296 tensors agree in order and shape"; a person has to confirm it."""
    mapped: tuple[str, ...] = ()
    """Some lines of how they were matched: "conv_stem.weight ← _conv_stem.weight"."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The report on one file or folder."""

    path: str
    """As it was named."""
    sha256: str
    """Of the file; of a folder or of several files, over the hashes of those that were read."""
    bytes: int
    container: str
    """For people: "PyTorch zip", "PyTorch legacy", "safetensors", "sharded safetensors", "TorchScript",
    "pickled module", "Hugging Face folder", "ONNX"."""
    tensors: int
    parameters: int
    """Numbers in all tensors that the network learns."""
    classes: int
    """Outputs of the head; 0 where there is none."""
    candidates: tuple[Candidate, ...] = ()
    """The architecture that was taken comes first; several exact ones mean that a person has to choose."""
    class_names: tuple[str, ...] = ()
    class_names_from: str = ""
    """For people: "the file", "labels.txt beside it", "your choice"; empty where there are none."""
    preprocessing: Preprocessing | None = None
    preprocessing_from: str = ""
    """For people: "the file", "torchvision's ResNet18_Weights", "your choice"; empty where it is unknown."""
    notes: tuple[str, ...] = ()
    """What was taken and how ("The weights are under 'net'."), what is odd ("3 tensors hold NaN.")."""
    needs: tuple[Need, ...] = ()
    reasons: dict[Need, str] = field(default_factory=dict)
    """Why what the file says could not be taken, one sentence each."""
    has_both: bool = False
    """Whether the file holds the weights as they were trained last and averaged."""
    checkpoint: Checkpoint | None = None
    """The normalised file; only where ``needs`` is empty."""
    format: int = FORMAT

    @property
    def is_backbone(self) -> bool:
        """Whether there is no head for classes: nothing to ask, but a training can start from it."""
        return bool(self.candidates) and not self.classes


def to_json(value: Reading | Choices) -> dict[str, Any]:
    """Plain values that ``reading_from_json`` or ``choices_from_json`` takes back."""
    return asdict(value)


def reading_from_json(values: dict[str, Any]) -> Reading:
    """The inverse of ``to_json``. Raises ``ValueError``."""
    return made_of(Reading, values)


def choices_from_json(values: dict[str, Any]) -> Choices:
    """The inverse of ``to_json``. Raises ``ValueError``."""
    return made_of(Choices, values)

"""What normalises images inside a network: buffers and attributes that belong to the preprocessing, not to the weights.

Wrappers for deployment and robustness keep a mean and a standard deviation beside the network's own tensors.
"""

from __future__ import annotations

from typing import Any, Literal

from mpt_studio.files.pickle_machine import Stub

Kind = Literal["mean", "std"]
MOST_MODULES = 20_000
_AROUND = ("", "image", "img", "pixel", "norm", "normalize", "normalization", "rgb", "input", "channel", "dataset",
           "data", "imagenet", "new", "train", "images")  # fmt: skip
_MEANS = ("mean", "means", "mean_value", "mean_values")
_STDS = (
    "std", "stds", "stdev", "std_dev", "stddev", "std_value", "std_values", "scale_values", "standard_deviation",
)  # fmt: skip
_KINDS: dict[str, tuple[str, Kind]] = {
    "mu": ("mu", "mean"),
    "sigma": ("mu", "std"),
    **{f"{word}_{name}".lstrip("_"): (word, "mean") for word in _AROUND for name in _MEANS},
    **{f"{word}_{name}".lstrip("_"): (word, "std") for word in _AROUND for name in _STDS},
}
"""What libraries call them, by ``plain_key``: a word that the two of a pair share, and which of them it is."""


def plain_key(key: object) -> str:
    """A key as it is looked up: small letters, words joined by underscores."""
    return str(key).strip().strip("_").lower().replace("-", "_").replace(" ", "_")


def kind_of(key: object) -> tuple[str, Kind] | None:
    """The word that a mean shares with its standard deviation, and which of the two has this name; None for others."""
    return _KINDS.get(plain_key(key))


def split(leaves: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Leaves without those that normalise, and these by the name of their module and their own name."""
    found: dict[str, dict[str, Any]] = {}
    for name, leaf in leaves.items():
        module, _, last = name.rpartition(".")
        if is_normaliser(last) and leaf.record.count in (1, 3):
            found.setdefault(module, {})[last] = leaf
    alone = {module for module, pair in found.items() if not is_whole(pair)}
    for module in alone:  # a tensor called mu may be anything; one called mean is a mean
        found[module] = {last: leaf for last, leaf in found[module].items() if plain_key(last) in ("mean", "std")}
    taken = {f"{module}.{last}".lstrip(".") for module, pair in found.items() for last in pair}
    rest = {name: leaf for name, leaf in leaves.items() if name not in taken}
    return (rest, {module: pair for module, pair in found.items() if pair}) if rest else (leaves, {})


def is_normaliser(key: object) -> bool:
    """Whether something of this name is a mean or a standard deviation of images."""
    return kind_of(key) is not None


def is_whole(pair: dict[Any, Any]) -> bool:
    """Whether there are a mean and a standard deviation among the keys."""
    return {found[1] for key in pair if (found := kind_of(key))} == {"mean", "std"}


def attributes(root: Any) -> dict[str, dict[str, Any]]:
    """Means and standard deviations that the modules of a pickled one have as attributes, by the module's name."""
    found: dict[str, dict[str, Any]] = {}
    stack, seen = [("", root)], {id(root)}
    while stack and len(seen) < MOST_MODULES:
        name, module = stack.pop()
        state = module.state if isinstance(module.state, dict) else {}
        pair = {key: value for key, value in (module.items | state).items() if is_normaliser(key)}
        if is_whole(pair):
            found[name] = pair
        parts = state.get("_modules") if isinstance(state.get("_modules"), dict) else module.items | state
        for key, part in (parts or {}).items():
            if isinstance(part, Stub) and isinstance(key, str) and id(part) not in seen:
                seen.add(id(part))
                stack.append((f"{name}.{key}".lstrip("."), part))
    return found

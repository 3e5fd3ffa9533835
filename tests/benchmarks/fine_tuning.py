"""Fine-tuning beside a script of timm's shape: ``python tests/benchmarks/fine_tuning.py accuracy DATA --start FILE``.

accuracy  the plain version of each seed, here and by the script: same start, size, augmentation, epochs and optimizer
whole     the update of an old model (plain, two MPT, one from the old model, bcwi) and each version's speed, beside
          the script once for each version that it trains, and beside the bare training step
script    the script alone, with its speed from the second epoch on and its peak memory
bound     the bare training step on one batch that is always the same

DATA is a folder with ``train`` and ``test``, a folder per class in each; ``whole`` fills it with 3,000 JPEG files of
500 × 375 where there is none. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from jpegs import make_jpegs

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]
IMAGES, PHOTOGRAPH = 3000, (500, 375)
METHODS = "none,mpt_kl:1,mpt_kl:2,none@old,bcwi"
STEPS = 60
TEMPERATURE = 5.0


def script(given: argparse.Namespace, seed: int) -> dict[str, Any]:
    """What people write: timm's model, torchvision's folders and transforms, a data loader, AdamW, cosine."""
    import timm
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, Subset
    from torchvision import datasets
    from torchvision.transforms import InterpolationMode, v2

    torch.manual_seed(seed)
    size, mean, std = given.size, given.mean, given.std
    end = [v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
    varied = [v2.RandomResizedCrop(size, scale=(0.35, 1.0), ratio=(3 / 4, 4 / 3)), v2.RandomHorizontalFlip()]
    seen = [v2.Resize(round(size * given.resize_share), InterpolationMode.BICUBIC), v2.CenterCrop(size)]
    train = datasets.ImageFolder(str(Path(given.data) / "train"), v2.Compose([v2.RGB(), *varied, *end]))
    test = datasets.ImageFolder(str(Path(given.data) / "test"), v2.Compose([v2.RGB(), *seen, *end]))
    workers, kept = os.cpu_count() or 1, round(0.9 * len(train))  # as many as an update trains on
    train = Subset(train, torch.randperm(len(train))[:kept].tolist())
    loader = DataLoader(train, given.batch, shuffle=True, num_workers=workers, drop_last=False, persistent_workers=True)
    network = timm.create_model(given.arch.removeprefix("timm/"), num_classes=len(test.classes))
    load_body(network, given.start)
    teachers = [timm.create_model(given.arch.removeprefix("timm/"), num_classes=n).eval() for n in given.teachers]
    optimizer = torch.optim.AdamW(network.parameters(), given.rate, weight_decay=given.decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, given.epochs * len(loader))
    seconds = []
    for _ in range(given.epochs):
        began = time.perf_counter()
        network.train()
        for images, labels in loader:
            logits = network(images)
            loss = nn.functional.cross_entropy(logits, labels)
            for teacher in teachers:
                loss = loss + distance(logits, teacher, images)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        seconds.append(time.perf_counter() - began)
    network.eval()
    right = 0
    with torch.inference_mode():
        for images, labels in DataLoader(test, 256, num_workers=workers):
            right += int((network(images).argmax(1) == labels).sum())
    return {
        "accuracy": right / len(test),
        "images_per_second": len(train) * (given.epochs - 1) / max(1e-9, sum(seconds[1:]))
        if given.epochs > 1
        else None,
        "seconds": sum(seconds),
        "peak_mb": peak_mb(),
    }


def distance(logits: Any, teacher: Any, images: Any) -> Any:
    """KL to a teacher's answers on its classes, τ = 5: what distilling scripts add to each step."""
    import torch
    from torch.nn import functional

    with torch.no_grad():
        taught = functional.log_softmax(teacher(images) / TEMPERATURE, 1)
    own = functional.log_softmax(logits[:, : taught.shape[1]] / TEMPERATURE, 1)
    return functional.kl_div(own, taught, log_target=True, reduction="batchmean") * TEMPERATURE**2


def load_body(network: Any, start: str) -> None:
    """The start's tensors but for the head's."""
    from safetensors.torch import load_file

    own, given = network.state_dict(), load_file(start)
    body = {name: value for name, value in given.items() if name in own and own[name].shape == value.shape}
    head = network.default_cfg["classifier"]
    network.load_state_dict({n: v for n, v in body.items() if not n.startswith(head)}, strict=False)


def ours(given: argparse.Namespace, seed: int, *, words: list[str], store: Path) -> dict[str, Any]:
    """An update by the command line, as users run it, and its record."""
    fixed = [
        "--data", f"folder:{given.data}", "--arch", given.arch, "--start", given.start, "--image-size", str(given.size),
        "--batch-size", str(given.batch), "--epochs", str(given.epochs), "--learning-rate", str(given.rate),
        "--optimizer", "adamw", "--weight-decay", str(given.decay), "--seed", str(seed), "--store", str(store),
        "--json",
    ]  # fmt: skip
    began = time.perf_counter()
    command = [sys.executable, "-m", "mpt_studio", "update", *fixed, *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    return {**json.loads(printed), "seconds": time.perf_counter() - began, "peak_mb": used.ru_maxrss / 1024}


def peak_mb() -> float:
    """Of this process and its children, in MB."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024


def main() -> None:
    given = arguments()
    print(json.dumps(MEASURES[given.measure](given), indent=1))


def in_child(given: argparse.Namespace, seed: int, measure: str, *more: str) -> dict[str, Any]:
    """The script in a process of its own, so that its memory is its own."""
    words = [w for w in sys.argv[1:] if w != given.measure]
    if "--words" in words:  # the rest is the update's
        words = words[: words.index("--words")]
    done = subprocess.run(
        [sys.executable, __file__, measure, *words, *more, "--seeds", str(seed)], stdout=subprocess.PIPE, text=True,
        check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def accuracy(given: argparse.Namespace) -> dict[str, Any]:
    rows = []
    for seed in given.seeds:
        update = ours(given, seed, words=["--methods", given.methods, *given.words], store=given.store)
        plain = update["candidates"][0]
        rows.append(
            {
                "seed": seed,
                "script": in_child(given, seed, "script")["accuracy"],
                "ours": plain["all"]["accuracy_new"],
                "update": update,
            }
        )
    return {"accuracy": rows}


def whole(given: argparse.Namespace) -> dict[str, Any]:
    """Scripts and bare step are measured before and after the update, so that a noisy machine shows."""
    if not Path(given.data).exists():
        make_jpegs(Path(given.data), IMAGES, size=PHOTOGRAPH)
    before = beside(given)
    update = ours(given, given.seeds[0], words=["--methods", METHODS, *given.words], store=given.store)
    after = beside(given)
    return {
        "scripts": [before, after],
        "scripts_seconds": [2 * (found["plain"]["seconds"] + found["taught"]["seconds"]) for found in (before, after)],
        "update": {
            "seconds": update["seconds"],
            "peak_mb": update["peak_mb"],
            "images_per_second": speeds(given.store, update["update"]),
        },
        "record": update,
    }


def beside(given: argparse.Namespace) -> dict[str, Any]:
    """A script without teachers, one with the two of MPT, and the bare step."""
    seed = given.seeds[0]
    return {
        "plain": in_child(given, seed, "script"),
        "taught": in_child(given, seed, "script", "--teachers", "5", "10"),
        "bound": in_child(given, seed, "bound"),
    }


def speeds(store: Path, update: str) -> dict[str, float]:
    """Of each version that the update trained, images per second from the second epoch on, validation included."""
    from mpt_studio.events import Epoch
    from mpt_studio.store import Store

    found, kept = {}, Store(store)
    for member in kept.update(update).members:
        epochs = [event for event in kept.run(member.run).events() if isinstance(event, Epoch)]
        if len(epochs) > 1:
            seconds = epochs[-1].time - epochs[0].time
            found[member.label] = epochs[0].train_images * (len(epochs) - 1) / seconds
    return found


def bound(given: argparse.Namespace) -> dict[str, Any]:
    """The network, the loss and the optimizer's step alone, in the memory format that convolutions like best."""
    import timm
    import torch
    from torch import nn

    network = timm.create_model(given.arch.removeprefix("timm/"), num_classes=10).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), given.rate, weight_decay=given.decay)
    images = torch.randn(given.batch, 3, given.size, given.size).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (given.batch,))

    def step() -> None:
        loss = nn.functional.cross_entropy(network(images), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    for _ in range(3):
        step()
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
    return {"images_per_second": STEPS * given.batch / (time.perf_counter() - began)}


def once(given: argparse.Namespace) -> dict[str, Any]:
    return script(given, given.seeds[0])


MEASURES = {"accuracy": accuracy, "whole": whole, "script": once, "bound": bound}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("measure", choices=MEASURES)
    parser.add_argument("data")
    parser.add_argument("--start", required=True, help="weights of the architecture under timm's names, safetensors")
    parser.add_argument("--arch", default="timm/tf_efficientnet_lite0")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=0.05)
    parser.add_argument("--resize-share", type=float, default=1.143)
    parser.add_argument("--mean", type=float, nargs=3, default=(0.5, 0.5, 0.5))
    parser.add_argument("--std", type=float, nargs=3, default=(0.5, 0.5, 0.5))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--teachers", type=int, nargs="*", default=[], help="the script's: classes of each")
    parser.add_argument("--methods", default=METHODS)
    parser.add_argument("--store", type=Path, default=Path("fine-tuning-store"))
    parser.add_argument("--words", nargs=argparse.REMAINDER, default=[], help="further options of the update")
    return parser.parse_args()


if __name__ == "__main__":
    main()

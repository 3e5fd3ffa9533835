"""The yardstick: a training loop of the shape that people in this field run, written from the method's formulas.

A DataLoader with four workers and PIL transforms, float32, teachers in evaluation mode under ``no_grad``, after every
batch ``loss.item()`` and a count of the right answers, after every epoch a pass over held-out images and a save.
``bench.py`` runs it in a process of its own, one round at a time, beside our trainer on the same images.

    python published_loop.py SETTING.json      a line on stdin starts a round; a line of JSON on stdout answers it
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

TEMPERATURE, ALPHA, BETA, LM_WEIGHT = 5.0, 1.0, 5.0, 0.4


class Pictures(Dataset):
    """Images as PIL images through transforms, one at a time."""

    def __init__(self, source: Any, indices: list[int], columns: list[int], transform: Any) -> None:
        self.source, self.indices, self.columns, self.transform = source, indices, columns, transform

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> tuple[Tensor, int]:
        index = self.indices[position]
        file = self.source.file_of(index)
        image = Image.open(file).convert("RGB") if file else Image.fromarray(self.source.image(index))
        return self.transform(image), self.columns[position]


def focal_kl(logits: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
    right = (teacher.argmax(dim=1) == labels).float()
    student, target = F.log_softmax(logits / TEMPERATURE, dim=1), F.softmax(teacher / TEMPERATURE, dim=1)
    per_sample = F.kl_div(student, target, reduction="none").sum(dim=1)
    return ((ALPHA + BETA * right) * per_sample).mean()


def focal_lm(logits: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
    right = (teacher.argmax(dim=1) == labels).float()
    return ((ALPHA + BETA * right) * 0.5 * (logits - teacher).square().mean(dim=1)).mean()


class Loop:
    """One method's training. ``old_columns``: the old model's classes as columns of the update."""

    def __init__(
        self,
        network: nn.Module,
        old: nn.Module | None,
        reference: nn.Module | None,
        *,
        method: str,
        old_columns: list[int],
        classes: int,
        margin: float,
        learning_rate: float,
        device: str,
    ) -> None:
        self.network, self.old, self.reference, self.method = network, old, reference, method
        self.device = torch.device(device)
        self.old_columns = torch.tensor(old_columns, device=self.device)
        self.bias = torch.full((classes,), margin if method.startswith("mpt") else 0.0, device=self.device)
        self.bias[self.old_columns] = 0.0
        self.position = torch.full((classes,), -1, device=self.device)
        self.position[self.old_columns] = torch.arange(len(old_columns), device=self.device)
        self.optimizer = torch.optim.SGD(network.parameters(), learning_rate, momentum=0.9, weight_decay=5e-4)
        self.first_step_at = 0.0

    def step(self, images: Tensor, labels: Tensor) -> tuple[float, int]:
        """One optimizer step on normalised (B, 3, H, W) images; the loss and the number of right answers."""
        self.optimizer.zero_grad()
        logits = self.network(images)
        loss = F.cross_entropy(logits + self.bias, labels)
        if self.method != "none":
            loss = loss + self._distillation(images, logits, labels)
        loss.backward()
        self.optimizer.step()
        return loss.item(), int(logits.argmax(dim=1).eq(labels).sum().item())

    def _distillation(self, images: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        term, weight = (focal_kl, 1.0) if self.method.endswith("kl") else (focal_lm, LM_WEIGHT)
        with torch.no_grad():
            old = self.old(images)
            new = self.reference(images) if self.method.startswith("mpt") else None
        total = weight * term(logits[:, self.old_columns], old, self.position[labels])
        return total if new is None else total + weight * term(logits, new, labels)

    def train(self, loader: DataLoader) -> tuple[float, float]:
        self.network.train()
        total, right, seen = 0.0, 0, 0
        for images, labels in loader:
            loss, correct = self.step(images.to(self.device), labels.to(self.device))
            total, right, seen = total + loss * len(labels), right + correct, seen + len(labels)
            self.first_step_at = self.first_step_at or time.time()
        return total / seen, right / seen

    @torch.no_grad()
    def test(self, loader: DataLoader) -> float:
        self.network.eval()
        right, seen = 0, 0
        for images, labels in loader:
            logits = self.network(images.to(self.device))
            right += int(logits.argmax(dim=1).eq(labels.to(self.device)).sum().item())
            seen += len(labels)
            self.first_step_at = self.first_step_at or time.time()
        return right / seen


def rounds(setting: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Epochs of training, or passes of evaluation, one for each ``next``."""
    from bench_work import prepared  # networks, teachers and data exactly as ours

    work = prepared(setting)
    loop = Loop(**work.loop_arguments(), method=setting["method"], margin=4.0, device=setting["device"],
                learning_rate=setting["learning_rate"])  # fmt: skip
    size, mean, std = setting["image_size"], work.mean, work.std
    ending = [transforms.ToTensor(), transforms.Normalize(mean, std)]
    fitting = [] if work.dataset.image_size == size else [transforms.Resize(size), transforms.CenterCrop(size)]
    varied = [transforms.RandomCrop(size, padding=size // 8), *([transforms.RandomHorizontalFlip()] * work.mirror)]
    batch = setting["batch"]
    train = Pictures(work.dataset, work.train, work.train_columns, transforms.Compose([*fitting, *varied, *ending]))
    test = Pictures(work.dataset, work.test, work.test_columns, transforms.Compose([*fitting, *ending]))
    train_loader = DataLoader(train, batch, shuffle=True, num_workers=4, pin_memory=loop.device.type == "cuda")
    test_loader = DataLoader(test, 100, shuffle=False, num_workers=4, pin_memory=loop.device.type == "cuda")
    while setting["role"] == "evaluate":
        for _ in range(setting["versions"]):
            loop.test(test_loader)
        yield {"images": len(test) * setting["versions"], "first_step_at": loop.first_step_at}
    while True:
        loss, accuracy = loop.train(train_loader)
        loop.test(test_loader)
        torch.save({"net": loop.network.state_dict(), "acc": accuracy}, Path(setting["folder"]) / "script.pth")
        yield {"images": len(train), "loss": loss, "first_step_at": loop.first_step_at}


def main() -> None:
    from bench_work import peak_bytes, peak_bytes_on

    setting = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    work = rounds(setting)
    for _ in sys.stdin:
        began = time.perf_counter()
        record = next(work)
        record["seconds"] = time.perf_counter() - began
        record |= {"peak_bytes": peak_bytes(), "gpu_peak_bytes": peak_bytes_on(setting["device"])}
        print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()

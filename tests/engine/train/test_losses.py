"""Losses against golden values, hand-worked numbers and permuted classes."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import get_args

import pytest
import torch
import torch.nn.functional as F

from mpt_studio.engine.train.losses import (
    MethodLoss,
    class_weights,
    kl_divergence,
    logit_matching,
    match_columns,
    topk_logit_matching,
)
from mpt_studio.engine.train.varied.batch import Targets
from mpt_studio.errors import UserError
from mpt_studio.methods import METHODS, Distillation, Method, Teachers

CASES = json.loads(Path(__file__).with_name("golden_losses.json").read_text())
EXPECTED = [(i, name) for i, case in enumerate(CASES) for name in case["expected"]]


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def golden_method(case: dict, name: str) -> Method:
    method = METHODS[name]
    margin = case["logit_margin"] if method.logit_margin else 0.0
    return dataclasses.replace(method, logit_margin=margin, topk=case["topk"], start_epoch=0)


def run(case: dict, method: Method, order: list[int], old_order: list[int]):
    """Loss parts and the gradient with the update's columns and the old model's columns permuted."""
    names = [f"class {i}" for i in order]
    old_names = [f"class {i}" for i in old_order]
    loss = MethodLoss(method, match_columns(names, old_names), match_columns(names, names))
    logits = tensor(case["student_logits"])[:, order].requires_grad_()
    labels = torch.tensor([order.index(y) for y in case["labels"]])
    new = tensor(case["new_logits"])[:, order] if method.needs_reference or method.needs_ensemble else None
    old = tensor(case["old_logits"])[:, old_order] if method.needs_old else None
    parts = loss(logits, labels, old, new, epoch=0)
    parts["loss"].backward()
    gradient = torch.empty_like(logits)
    gradient[:, order] = logits.grad
    return {k: v.item() for k, v in parts.items()}, gradient


@pytest.mark.parametrize(("index", "name"), EXPECTED)
@pytest.mark.parametrize("permuted", [False, True])
def test_that_every_method_equals_the_golden_values_in_any_order_of_classes(index, name, permuted):
    case = CASES[index]
    order, old_order = list(range(case["classes"])), list(range(case["old_classes"]))
    if permuted:
        order, old_order = order[::-1], old_order[1:] + old_order[:1]
    parts, gradient = run(case, golden_method(case, name), order, old_order)
    expected = case["expected"][name]
    distillation = parts.get("distillation_old", 0.0) + parts.get("distillation_new", 0.0)
    assert parts["cross_entropy"] == pytest.approx(expected["cross_entropy"], abs=1e-9)
    assert distillation == pytest.approx(expected["distillation"], abs=1e-9)
    assert parts["loss"] == pytest.approx(expected["loss"], abs=1e-9)
    assert gradient.norm().item() == pytest.approx(expected["grad_l2"], abs=1e-9)
    assert gradient[0].tolist() == pytest.approx(expected["grad_row0"], abs=1e-9)


def test_that_kl_of_a_hand_worked_pair_is_right():
    # teacher (3/4, 1/4), update (1/2, 1/2): KL = ¾ ln 1.5 + ¼ ln 0.5
    value = kl_divergence(tensor([[0.0, 0.0]]), tensor([[math.log(3), 0.0]]), 1.0)
    assert value.item() == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))


def test_that_topk_compares_the_teachers_largest_and_divides_by_all():
    # only column 1 counts: ½ · (5 − 3)² / 4
    value = topk_logit_matching(tensor([[9.0, 5.0, 9.0, 9.0]]), tensor([[0.0, 3.0, 1.0, 2.0]]), 1)
    assert value.item() == pytest.approx(0.5)


def terms(method: Method) -> dict[str, float]:
    """Loss parts of the first golden case, the old model's classes being the update's first ones."""
    case = CASES[0]
    names = [str(i) for i in range(case["classes"])]
    loss = MethodLoss(method, match_columns(names, names[: case["old_classes"]]), match_columns(names, names))
    logits, old, new = (tensor(case[key]) for key in ("student_logits", "old_logits", "new_logits"))
    new_if_asked = new if method.needs_reference or method.needs_ensemble else None
    parts = loss(logits, torch.tensor(case["labels"]), old if method.needs_old else None, new_if_asked)
    return {name: value.item() for name, value in parts.items()}


def test_that_every_distillation_is_a_loss_of_its_own():
    found = {name: terms(Method(distillation=name, teachers="old", topk=1))["loss"] for name in get_args(Distillation)}
    assert len(set(found.values())) == len(get_args(Distillation))


@pytest.mark.parametrize("teachers", get_args(Teachers))
@pytest.mark.parametrize("distillation", get_args(Distillation))
def test_that_every_pair_of_distillation_and_teachers_has_the_terms_that_it_says(distillation, teachers):
    method = Method(distillation=distillation, teachers=teachers)
    expected = {"loss", "cross_entropy"}
    if distillation != "none" and teachers != "none":
        expected |= {"distillation_old"} if teachers == "old" else {"distillation_old", "distillation_new"}
    assert set(terms(method)) == expected


@pytest.mark.parametrize("field", ["distillation", "teachers"])
def test_that_a_distillation_or_teachers_without_an_arm_of_their_own_are_no_silent_other_loss(field):
    method = dataclasses.replace(METHODS["PCT_KL"], **{field: "forgotten"})
    with pytest.raises(AssertionError, match="forgotten"):
        terms(method)


def test_that_distillation_waits_for_its_start_epoch():
    case = CASES[0]
    names = [str(i) for i in range(case["classes"])]
    loss = MethodLoss(METHODS["ELODI"], match_columns(names, names[: case["old_classes"]]), match_columns(names, names))
    arguments = [tensor(case[k]) for k in ("student_logits", "old_logits", "new_logits")]
    logits, old, new = arguments
    before, after = (loss(logits, torch.tensor(case["labels"]), old, new, epoch=e) for e in (5, 6))
    assert set(before) == {"loss", "cross_entropy"}
    assert set(after) == {"loss", "cross_entropy", "distillation_old", "distillation_new"}


def test_that_an_image_of_a_new_class_is_never_one_that_the_old_teacher_gets_right():
    method = dataclasses.replace(METHODS["PCT_KL"], focal_alpha=0.0, focal_beta=1.0)
    loss = MethodLoss(method, match_columns(["new", "a", "b"], ["a", "b"]))
    logits, old = tensor([[1.0, 2.0, 3.0]]), tensor([[4.0, 0.0]])
    assert loss(logits, torch.tensor([0]), old)["distillation_old"].item() == 0.0
    assert loss(logits, torch.tensor([1]), old)["distillation_old"].item() > 0.0


def test_that_a_control_weighs_as_many_images_and_not_those_that_the_teacher_gets_right():
    method = dataclasses.replace(METHODS["PCT_KL"], focal_alpha=0.0, focal_beta=1.0)
    logits, old = tensor([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0]]), tensor([[4.0, 0.0], [0.0, 1.0], [5.0, 1.0]])
    labels, columns = torch.tensor([0, 0, 1]), match_columns(["a", "b"], ["a", "b"])  # right on the first alone
    each = kl_divergence(logits, old, method.temperature) / 3
    for shuffled, image in ((False, 0), (True, 1)):
        loss = MethodLoss(dataclasses.replace(method, shuffled=shuffled), columns)
        assert loss(logits, labels, old)["distillation_old"].item() == pytest.approx(each[image].item())


def test_that_without_new_classes_the_margin_changes_nothing():
    logits, labels = tensor([[1.0, 2.0]]), torch.tensor([0])
    same = match_columns(["a", "b"], ["b", "a"])
    values = [MethodLoss(Method(logit_margin=b), same)(logits, labels)["loss"].item() for b in (0.0, 4.0)]
    assert values[0] == values[1]


def test_that_dropped_classes_are_left_out_but_still_make_the_old_model_wrong():
    method = dataclasses.replace(METHODS["PCT_LM"], old_weight=1.0, focal_alpha=0.0, focal_beta=1.0)
    loss = MethodLoss(method, match_columns(["b", "a"], ["a", "dropped", "b"]))
    labels = torch.tensor([1])
    right = loss(tensor([[0.0, 1.0]]), labels, tensor([[3.0, 2.0, 2.0]]))
    wrong = loss(tensor([[0.0, 1.0]]), labels, tensor([[3.0, 9.0, 2.0]]))
    assert right["distillation_old"].item() == pytest.approx(0.5 * ((1 - 3) ** 2 + (0 - 2) ** 2) / 2)
    assert wrong["distillation_old"].item() == 0.0


def test_that_an_old_model_of_other_classes_is_refused():
    with pytest.raises(UserError, match="shares no class"):
        match_columns(["a"], ["b"])


def test_that_losses_of_half_precision_logits_are_float32():
    names = ["a", "b"]
    loss = MethodLoss(METHODS["PCT_KL"], match_columns(names, names))
    parts = loss(torch.zeros(1, 2, dtype=torch.bfloat16), torch.tensor([0]), torch.ones(1, 2, dtype=torch.bfloat16))
    assert {v.dtype for v in parts.values()} == {torch.float32}


def mixed_case() -> dict:
    """The first golden case with a second class for each image."""
    case = CASES[0]
    labels = torch.tensor(case["labels"])
    tensors = {key: tensor(case[key]) for key in ("student_logits", "old_logits", "new_logits")}
    names = [str(i) for i in range(case["classes"])]
    known = case["old_classes"]
    return {"labels": labels, "others": labels.flip(0), "names": names, "known": known, **tensors}


def per_image(distillation: str, student, teacher, labels, others, share: float, method: Method) -> list[float]:
    """The distillation of mixed images by the formulas, one image after the other, on the first classes."""
    found, shared = [], teacher.shape[1]
    for z, t, a, b in zip(student, teacher, labels.tolist(), others.tolist(), strict=True):
        right_a, right_b = (float(t.argmax().item() == y) for y in (a, b))
        focal = share * (method.focal_alpha + method.focal_beta * right_a)
        focal += (1 - share) * (method.focal_alpha + method.focal_beta * right_b)
        z_s = z[:shared]
        answer = (t / method.temperature).softmax(0)
        kl = (answer * (answer.log() - (z_s / method.temperature).log_softmax(0))).sum()
        lm = 0.5 * ((z_s - t) ** 2).mean()
        log_p = z.log_softmax(0)
        naive = -share * right_a * log_p[a] - (1 - share) * right_b * log_p[b]
        terms = {"none": 0.0, "naive": naive, "focal_kl": focal * kl, "focal_lm": focal * lm, "lm": lm}
        found.append(float(terms[distillation]))
    return found


@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.parametrize("distillation", ["none", "naive", "focal_kl", "focal_lm", "lm"])
def test_that_mixed_images_have_the_shares_of_both_their_classes(distillation, share):
    case, method = mixed_case(), Method(distillation=distillation, teachers="old", logit_margin=2.0, topk=2)
    loss = MethodLoss(method, match_columns(case["names"], case["names"][: case["known"]]))
    targets = Targets(case["labels"], case["others"], share)
    parts = loss(case["student_logits"], targets, case["old_logits"])
    shifted = case["student_logits"].clone()
    shifted[:, case["known"] :] += 2.0
    of_each = [F.cross_entropy(shifted, labels) for labels in (case["labels"], case["others"])]
    assert parts["cross_entropy"].item() == pytest.approx(float(share * of_each[0] + (1 - share) * of_each[1]))
    arguments = (case["student_logits"], case["old_logits"], case["labels"], case["others"], share, method)
    expected = sum(per_image(distillation, *arguments)) / len(case["labels"])
    if distillation != "none":
        assert parts["distillation_old"].item() == pytest.approx(expected)


@pytest.mark.parametrize("name", METHODS)
def test_that_targets_without_a_second_class_are_labels_to_the_bit(name):
    case, method = mixed_case(), dataclasses.replace(METHODS[name], start_epoch=0)
    columns = match_columns(case["names"], case["names"][: case["known"]]), match_columns(case["names"], case["names"])
    loss = MethodLoss(method, *columns, label_smoothing=0.1)
    logits, old, new = (case[key].float() for key in ("student_logits", "old_logits", "new_logits"))
    found, expected = (loss(logits, y, old, new)["loss"] for y in (Targets(case["labels"]), case["labels"]))
    assert torch.equal(found, expected)


def test_that_logits_are_matched_whatever_was_mixed():
    case, method = mixed_case(), METHODS["ELODI"]
    loss = MethodLoss(method, match_columns(case["names"], case["names"][: case["known"]]))
    parts = loss(case["student_logits"], Targets(case["labels"], case["others"], 0.5), case["old_logits"], epoch=6)
    expected = method.old_weight * logit_matching(case["student_logits"][:, : case["known"]], case["old_logits"]).mean()
    assert parts["distillation_old"].item() == pytest.approx(expected.item())


def test_that_class_weights_are_powers_of_the_numbers_of_images_with_mean_1():
    labels = torch.tensor([0] * 16 + [1] * 4 + [3])
    assert class_weights(labels, 4, 0.0) is None
    found = class_weights(labels, 4, 0.5)
    raw = torch.tensor([1 / 4, 1 / 2, 1.0])
    assert torch.allclose(found[[0, 1, 3]], raw / raw.mean())
    assert found[2] == found[3]  # without images: as if it had one, and no part of the mean


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_that_weights_are_factors_of_each_images_cross_entropy_and_of_nothing_else(smoothing):
    case, method = mixed_case(), METHODS["PCT_Naive"]
    weights = torch.rand(len(case["names"]), dtype=torch.float64)
    columns = match_columns(case["names"], case["names"][: case["known"]])
    plain, weighed = (MethodLoss(method, columns, None, smoothing, w) for w in (None, weights))
    arguments = (case["student_logits"], Targets(case["labels"], case["others"], 0.3), case["old_logits"])
    found = weighed(*arguments)
    assert found["distillation_old"] == plain(*arguments)["distillation_old"]
    expected = 0.0
    for share, labels in ((0.3, case["labels"]), (0.7, case["others"])):
        losses = F.cross_entropy(case["student_logits"], labels, label_smoothing=smoothing, reduction="none")
        expected += share * float((weights[labels] * losses).sum()) / len(labels)
    assert found["cross_entropy"].item() == pytest.approx(expected)

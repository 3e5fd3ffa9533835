"""Which weights learn, how fast and how far: freezing, layer-wise rates, the pull to the start, averages, patience."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.errors import UserError
from mpt_studio.events import Epoch, Note
from mpt_studio.methods import method_named
from mpt_studio.recipe import Model, Start


def trained(trainer):
    list(trainer.fit())
    return trainer


def head_of(state):
    return {name for name in state if name.startswith("head.")}


def test_that_frozen_epochs_change_the_head_alone_and_later_ones_the_rest(make, replaced):
    trainer = make(replaced({"epochs": 2}, start=Start(start="scratch", freeze=1)))
    states = [{n: v.clone() for n, v in trainer.network.state_dict().items()}]
    for event in trainer.fit():
        if isinstance(event, Epoch):
            states.append({n: v.clone() for n, v in trainer.network.state_dict().items()})
    begin, frozen, thawed = states
    assert {n for n in begin if not torch.equal(begin[n], frozen[n])} == head_of(begin)
    assert len({n for n in begin if not torch.equal(frozen[n], thawed[n])}) > 20


def test_that_the_version_is_the_running_average_of_the_weights(make, replaced):
    trainer = make(replaced({"epochs": 1, "ema": 0.9}))
    expected = {n: v.clone() for n, v in trainer.network.named_parameters()}
    step, number = trainer.student.step, []

    def noting(*args):
        step(*args)
        number.append(args[-1])
        decay = min(0.9, (1 + args[-1]) / (10 + args[-1]))
        for name, value in trainer.network.named_parameters():
            expected[name] = decay * expected[name] + (1 - decay) * value.detach()

    trainer.student.step = noting
    list(trainer.fit())
    average = dict(trainer.student.average.named_parameters())
    assert number == [0, 1, 2, 3]
    assert all(torch.allclose(expected[name], average[name], atol=1e-6) for name in expected)
    assert torch.equal(
        trainer.student.average.state_dict()["stem.1.running_mean"], trainer.network.state_dict()["stem.1.running_mean"]
    )


def test_that_a_step_in_parts_has_the_gradient_of_the_whole(make, replaced):
    """Where batch normalisation keeps its statistics, parts of a batch know nothing of each other."""
    keep = Start(start="scratch", batch_norm="keep")
    whole, parts = (trained(make(replaced({"epochs": 1, "accumulate": k}, start=keep))) for k in (1, 3))
    a, b = whole.network.state_dict(), parts.network.state_dict()
    assert all(torch.allclose(a[n].float(), b[n].float(), atol=1e-5) for n in a)


def test_that_statistics_may_stay_as_they_came(make, replaced):
    trainer = make(replaced({"epochs": 1}, start=Start(start="scratch", batch_norm="keep")))
    before = {n: v.clone() for n, v in trainer.network.named_buffers()}
    list(trainer.fit())
    assert all(torch.equal(before[n], v) for n, v in trainer.network.named_buffers())


def test_that_a_strong_pull_keeps_the_weights_where_training_began(make, replaced, old):
    def way(near: float) -> float:
        recipe = replaced({"epochs": 1}, method=method_named("none@old"), start=Start(keep_near=near))
        trainer = make(recipe, old=old)
        before = [p.detach().clone() for p in trainer.network.parameters()]
        list(trainer.fit())
        return sum(
            float((p - q).detach().square().sum()) for p, q in zip(trainer.network.parameters(), before, strict=True)
        )

    assert way(9.0) < 0.5 * way(0.0)


def test_that_lower_layers_learn_at_lower_rates(make, replaced):
    trainer = make(replaced({"epochs": 1}, start=Start(start="scratch", layer_decay=0.1)))
    scales = [group["lr_scale"] for group in trainer.student.optimizer.param_groups]
    assert max(scales) == 1.0
    assert min(scales) < 0.01
    list(trainer.fit())


def test_that_training_stops_when_no_epoch_is_better_and_keeps_the_best(make, replaced, tmp_path):
    still = Start(start="scratch", batch_norm="keep")
    trainer = make(replaced({"epochs": 30, "patience": 2, "learning_rate": 1e-9}, start=still))
    events = list(trainer.fit())
    assert trainer.finished
    assert trainer.epoch == 3
    assert any("Stopped after epoch 3" in e.text and "epoch 1 is kept" in e.text for e in events if isinstance(e, Note))
    assert trainer.describe().figures["epoch"] == 1


@pytest.mark.parametrize("training", [{"ema": 0.9}, {"accumulate": 2}, {"patience": 5, "patience_on": "nfr"}])
@pytest.mark.parametrize("start", [Start(start="scratch", freeze=1), Start(layer_decay=0.5, keep_near=0.1)])
def test_that_a_killed_run_ends_with_the_same_bits_whatever_is_averaged_frozen_or_held(
    training, start, make, replaced, old, tmp_path
):
    recipe = replaced({"epochs": 3, **training}, method=method_named("pct_kl@old"), start=start)
    whole, first, second = (make(recipe, old=old) for _ in range(3))
    list(whole.fit())
    for event in first.fit():
        if isinstance(event, Epoch) and first.epoch == 1:
            first.save_state(tmp_path / "state.safetensors")
            break
    second.restore(tmp_path / "state.safetensors")
    list(second.fit())
    ends = [trainer.student.version.state_dict() for trainer in (whole, second)]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    assert whole.figures == second.figures


def test_that_batches_of_one_image_get_a_sentence_where_the_network_cannot_take_them(make, replaced):
    model = Model(arch="shufflenet_v2_x0_5")  # its last maps are of one pixel
    trainer = make(replaced({"epochs": 1, "batch_size": 1}, model=model))
    with pytest.raises(UserError, match=r"batches of one image.*batch size of at least 2"):
        list(trainer.fit())


def test_that_a_last_batch_of_one_image_is_left_out(make, replaced):
    trainer = make(replaced({"epochs": 1, "batch_size": 19}))
    assert len(trainer.parts.train) % 19 == 1
    events = list(trainer.fit())
    assert next(e for e in events if isinstance(e, Epoch)).train_images == 95


def test_that_a_layer_is_pulled_to_its_start_at_its_own_rate(make, replaced, old):
    start = Start(keep_near=0.5, layer_decay=0.1)
    student = make(replaced({"epochs": 1}, method=method_named("none@old"), start=start), old=old).student
    before = {p: p.detach().clone() for p in student.network.parameters()}
    with torch.no_grad():
        torch._foreach_add_(list(before), 1.0)
    for group in student.optimizer.param_groups:
        group["lr"] = 0.2 * group["lr_scale"]
    student._stay_near()
    for group in student.optimizer.param_groups:
        for p in group["params"]:
            assert torch.allclose(p, before[p] + 1.0 - 0.5 * 0.2 * group["lr_scale"], atol=1e-6)

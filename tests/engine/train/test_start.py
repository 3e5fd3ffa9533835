"""Where weights come from."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.error

import pytest
import torch
from torchvision.models import ResNet18_Weights, ShuffleNet_V2_X0_5_Weights

from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.engine.recognise import pretrained
from mpt_studio.engine.train.start import begin, resolved
from mpt_studio.errors import UserError
from mpt_studio.events import Note
from mpt_studio.methods import method_named
from mpt_studio.recipe import Model, Start

CLASSES = ("ant", "bee", "cat", "dog")


def drawn(arch: str, small: bool) -> dict[str, torch.Tensor]:
    torch.manual_seed(7)
    return networks.build(arch, 4, small, 16).state_dict()


@pytest.mark.parametrize(("arch", "small"), [("small", True), ("resnet18", True), ("shufflenet_v2_x0_5", False)])
def test_that_weights_from_scratch_are_those_that_the_seed_draws(arch, small, make, replaced):
    parts = make(replaced(model=Model(arch=arch))).parts  # of seed 7
    expected, before = drawn(arch, small), torch.random.get_rng_state()
    start = begin(parts)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert start.preprocessing is None
    found = start.network.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
    assert start.network.training


def test_that_a_network_that_cannot_take_the_images_is_refused(make, replaced):
    with pytest.raises(UserError, match="cannot take images of 16 pixels"):
        make(replaced(model=Model(arch="alexnet")))


def test_that_a_version_begins_with_the_weights_of_its_start(make):
    trainer = make()
    started = begin(trainer.parts).network.state_dict()
    assert all(torch.equal(value, started[name]) for name, value in trainer.network.state_dict().items())


def test_that_going_on_from_the_old_model_keeps_its_weights_and_its_rows_by_class_name(make, replaced, old):
    start = begin(make(replaced(method=method_named("none@old")), old=old).parts)
    source = load_network(old).state_dict()
    found = start.network.state_dict()
    assert all(torch.equal(found[n], v) for n, v in source.items() if not n.startswith("head."))
    for column, name in enumerate(CLASSES):  # the old model's are dog, bee, in that order
        if name in old.class_names:
            row = old.class_names.index(name)
            assert torch.equal(found["head.weight"][column], source["head.weight"][row])
            assert found["head.bias"][column] == source["head.bias"][row]
    assert (start.kept_rows, start.preprocessing, start.sha256) == (2, old.preprocessing, old.sha256())


def test_that_rows_of_new_classes_may_be_the_mean_of_the_known_ones(make, replaced, old):
    recipe = replaced(method=method_named("none@old"), start=Start(new_rows="mean"))
    found = begin(make(recipe, old=old).parts).network.state_dict()["head.weight"]
    mean = load_network(old).state_dict()["head.weight"].mean(dim=0)
    new = [column for column, name in enumerate(CLASSES) if name not in old.class_names]
    assert all(torch.allclose(found[column], mean) for column in new)


def test_that_rows_of_new_classes_are_drawn_by_the_seed_around_the_known_ones(make, replaced, old):
    def head(seed: int) -> torch.Tensor:
        return begin(
            make(replaced({"seed": seed}, method=method_named("none@old")), old=old).parts
        ).network.state_dict()["head.weight"]

    assert torch.equal(head(7), head(7))
    assert not torch.equal(head(7), head(8))
    assert torch.equal(head(7)[CLASSES.index("dog")], head(8)[CLASSES.index("dog")])


def test_that_a_file_is_a_start_whose_images_and_sha256_the_version_takes_over(make, replaced, reference, tmp_path):
    trainer = make(replaced(start=Start(start=reference.path)), start=reference)
    assert trainer.preprocessing == reference.preprocessing
    list(trainer.fit())
    trainer.save_weights(tmp_path / "v.safetensors", trainer.describe())
    header = read_checkpoint(tmp_path / "v.safetensors")
    assert (header.start, header.start_sha256) == (reference.name, reference.sha256())


def test_that_a_run_does_not_go_on_once_its_start_is_another(make, replaced, reference, old, tmp_path):
    recipe = replaced(start=Start(start=reference.path))
    make(recipe, start=reference).save_state(tmp_path / "state.safetensors")
    make(recipe, start=reference).restore(tmp_path / "state.safetensors")
    with pytest.raises(UserError, match="belongs to another recipe or other data"):
        make(recipe, start=old).restore(tmp_path / "state.safetensors")


def test_that_the_run_tells_the_start_in_its_first_event(make, replaced, reference):
    trainer = make(replaced(start=Start(start=reference.path)), start=reference)
    first, *others = trainer.fit()
    assert reference.sha256()[:12] in first.settings["start"]
    assert any("knows 4 of 4 classes" in e.text for e in others if isinstance(e, Note))


def test_that_a_start_of_another_architecture_gets_a_sentence(make, replaced, reference):
    recipe = replaced(start=Start(start=reference.path), model=Model(arch="shufflenet_v2_x0_5"))
    with pytest.raises(UserError, match=r"is of the architecture small.*choose --arch small"):
        make(recipe, start=reference)


def test_that_auto_is_scratch_for_small_images_and_where_nothing_is_at_hand(own_hub):
    assert resolved(Model(arch="resnet18"), of_data=32) == resolved(Model(arch="resnet18"), of_data=0) == "scratch"
    file = ResNet18_Weights.DEFAULT.url.rpartition("/")[2]
    (own_hub / "checkpoints").mkdir()
    (own_hub / "checkpoints" / file).write_bytes(b"weights")
    assert resolved(Model(arch="resnet18"), of_data=0) == "pretrained"
    assert resolved(Model(arch="resnet18"), of_data=32) == resolved(Model(arch="small"), of_data=0) == "scratch"


@pytest.fixture
def own_hub(tmp_path):
    before = torch.hub.get_dir()
    torch.hub.set_dir(str(tmp_path))
    yield tmp_path
    torch.hub.set_dir(before)


def test_that_published_weights_come_through_the_librarys_own_cache(own_hub, make, replaced, monkeypatch):
    arch, weights = "shufflenet_v2_x0_5", ShuffleNet_V2_X0_5_Weights.DEFAULT
    torch.manual_seed(3)
    source = networks.build(arch, 1000, False, 224).state_dict()
    path = own_hub / "checkpoints" / weights.url.rpartition("/")[2]
    path.parent.mkdir()
    torch.save(source, path)
    monkeypatch.setattr(torch.hub, "HASH_REGEX", re.compile("(no hash)"))  # these are not the published bytes
    trainer = make(replaced(start=Start(start="pretrained"), model=Model(arch=arch, image_size=32)))
    found = trainer.network.state_dict()
    assert all(torch.equal(found[n], v) for n, v in source.items() if not n.startswith("fc."))
    assert trainer.preprocessing.mean == (0.485, 0.456, 0.406)
    assert trainer.plan.image_size == 32
    assert "ShuffleNet_V2_X0_5_Weights" in trainer.plan.start


def test_that_weights_at_hand_are_not_read_to_know_that_they_can_be_had(own_hub, monkeypatch):
    monkeypatch.setattr("torch.hub.urlopen", offline)
    with pytest.raises(UserError, match="could not be had"):
        pretrained.have("resnet18")
    (own_hub / "checkpoints").mkdir(exist_ok=True)
    (own_hub / "checkpoints" / ResNet18_Weights.DEFAULT.url.rpartition("/")[2]).write_bytes(b"read by nobody")
    pretrained.have("resnet18")


def test_that_weights_that_cannot_be_had_get_the_files_name_and_its_folder(own_hub, make, replaced, monkeypatch):
    monkeypatch.setattr("torch.hub.urlopen", offline)
    with pytest.raises(UserError) as caught:
        make(replaced(start=Start(start="pretrained"), model=Model(arch="resnet18")))
    file = ResNet18_Weights.DEFAULT.url.rpartition("/")[2]
    assert f"Put the file {file} into {own_hub / 'checkpoints'}" in str(caught.value)
    assert "No route to host" in str(caught.value)


def offline(*_: object, **__: object) -> None:
    raise urllib.error.URLError("No route to host")


def test_that_an_architecture_of_our_own_has_no_published_weights(make, replaced):
    with pytest.raises(UserError, match="No weights of small are published"):
        make(replaced(start=Start(start="pretrained")))


def test_that_a_training_from_scratch_does_not_wait_for_torchvision():
    code = "import sys; import mpt_studio.engine.train.trainer; print('torchvision' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

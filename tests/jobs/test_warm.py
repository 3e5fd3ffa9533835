"""The last networks and data stay loaded."""

from __future__ import annotations

from mpt_studio import jobs
from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.jobs import explain

from .conftest import NAMES, fresh_version


def test_that_loading_ahead_leaves_networks_and_data_warm(session, data, old, update, monkeypatch):
    warm = jobs.Warm()
    found = explain.load(session, [old, update], data, warm=warm)
    assert [v["sha256"] for v in found["versions"]] == [
        jobs.checkpoint_of(session, path).sha256() for path in (old, update)
    ]
    monkeypatch.setattr("mpt_studio.engine.explain.Probe.__init__", lambda *args: 1 // 0)
    assert explain.saliency(session, [old, update], data, "test/bee/2.png", warm=warm)["truth"] == "bee"


def test_that_the_last_networks_and_data_stay_warm(data, old, update):
    warm = jobs.Warm(networks=1, datasets=1)
    first = warm.probe(read_checkpoint(update), "cpu")
    assert warm.probe(read_checkpoint(update), "cpu") is first
    assert not warm.has_data(data)
    opened = warm.dataset(data)
    assert warm.dataset(data) is opened
    assert warm.has_data(data)
    warm.forget_data(data)
    assert warm.dataset(data) is not opened
    warm.probe(read_checkpoint(old), "cpu")
    assert warm.probe(read_checkpoint(update), "cpu") is not first  # the older one made room


def test_that_a_file_that_changed_is_another_version(tmp_path, update):
    warm, path = jobs.Warm(), tmp_path / "version.safetensors"
    path.write_bytes(update.read_bytes())
    before = warm.sha256(read_checkpoint(path))
    assert before == read_checkpoint(update).sha256()
    fresh_version(tmp_path, "version", (*NAMES, "dog"))
    assert warm.sha256(read_checkpoint(path)) == read_checkpoint(path).sha256() != before

"""Tar shards as a data set."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from packing import pack, picture, samples
from PIL import Image

from mpt_studio.data import describe, open_dataset
from mpt_studio.data.fit import Fit
from mpt_studio.data.packed.shards import Shards
from mpt_studio.data.sources import parse_spec
from mpt_studio.errors import UserError


def spec(root: Path) -> str:
    return f"shards:{root}"


@pytest.fixture
def two_parts(tmp_path: Path) -> Path:
    pack(tmp_path / "d/train/0.tar", samples(["cat", "dog", "cat", "dog"]))
    pack(tmp_path / "d/train/1.tar", samples(["dog", "cat"], 4))
    pack(tmp_path / "d/test/0.tar", samples(["cat", "dog"], 6))
    return tmp_path / "d"


def reasons(root: Path) -> dict[str, str]:
    return {each.sample_id: each.reason for each in open_dataset(spec(root)).skipped}


def test_that_parts_are_those_of_the_folders_and_ids_those_of_the_members(two_parts: Path) -> None:
    data = open_dataset(spec(two_parts))
    assert data.class_names == ("cat", "dog")
    assert data.sample_ids[data.train].tolist()[3:5] == ["train/0.tar/000003.png", "train/1.tar/000004.png"]
    assert data.labels[data.train].tolist() == [0, 1, 0, 1, 1, 0]
    assert data.sample_ids[data.test].tolist() == ["test/0.tar/000006.png", "test/0.tar/000007.png"]
    assert data.spec == spec(two_parts)
    assert describe(data)["skipped_count"] == 0


def test_that_images_are_those_of_the_members_in_any_order_and_process(two_parts: Path) -> None:
    data = open_dataset(spec(two_parts))
    for index in (7, 0, 4):
        number = int(str(data.sample_ids[index]).rsplit("/", 1)[1][:6])
        truth = np.asarray(Image.open(io.BytesIO(picture(number))))
        assert np.array_equal(data.image(index), truth)
        assert np.array_equal(pickle.loads(pickle.dumps(data)).image(index), truth)
    assert data.sides(3) == (12, 8)


def test_that_parts_are_told_by_flat_names_as_well(tmp_path: Path) -> None:
    pack(tmp_path / "train-000000.tar", samples(["a", "b"]))
    pack(tmp_path / "train-000001.tar", samples(["a", "b"], 2))
    pack(tmp_path / "birds-val-000000.tar", samples(["a", "b"], 4))
    data = open_dataset(spec(tmp_path))
    assert (len(data.train), len(data.validation), len(data.test)) == (4, 0, 2)


def test_that_without_parts_a_fifth_is_the_test_part_whatever_the_other_shards_are(tmp_path: Path) -> None:
    for number in range(4):
        pack(tmp_path / f"{number}.tar", samples(["a", "b"] * 10, 20 * number))
    data = open_dataset(spec(tmp_path))
    tested = set(data.sample_ids[data.test].tolist())
    assert 5 < len(tested) < 30
    (tmp_path / "3.tar").unlink()
    fewer = open_dataset(spec(tmp_path))
    assert set(fewer.sample_ids[fewer.test].tolist()) == {name for name in tested if not name.startswith("3.tar")}


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("train-0.tar", "more.tar"), "'more.tar' none"),
        (("train-0.tar", "train-1.tar"), "training part only"),
        ((), "no shards"),
        (("0.txt",), "no shards"),
    ],
)
def test_that_shards_whose_part_is_open_or_that_are_none_are_a_sentence(
    names: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    for name in names:
        pack(tmp_path / name, samples(["a", "b"]))
    with pytest.raises(UserError, match=says):
        open_dataset(spec(tmp_path))


def test_that_a_compressed_shard_is_told_how_to_be_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "train.tar.gz", "w:gz"):
        pass
    with pytest.raises(UserError, match="unpack it"):
        open_dataset(spec(tmp_path))
    (tmp_path / "train.tar.gz").rename(tmp_path / "train.tar")
    with pytest.raises(UserError, match=r"train\.tar is compressed"):
        open_dataset(spec(tmp_path))


def test_that_numbers_are_names_from_the_list_beside_the_shards(tmp_path: Path) -> None:
    pack(tmp_path / "train/0.tar", samples(["1", "0", "7", "dog"]))
    pack(tmp_path / "test/0.tar", samples(["1", "0"]))
    (tmp_path / "classes.txt").write_text("cat\ndog\neel\n")
    data = open_dataset(spec(tmp_path))
    assert data.class_names == ("cat", "dog")
    assert data.labels[data.train].tolist() == [1, 0, 1]
    assert data.notes == ("The class 'eel' in classes.txt has no images and is left out.",)
    assert reasons(tmp_path) == {"train/0.tar/000002.png": "its label '7' is not in classes.txt"}
    (tmp_path / "classes.json").write_text('["dog", "cat"]')
    with pytest.raises(UserError, match="disagree"):
        open_dataset(spec(tmp_path))


def test_that_a_list_that_names_classes_by_others_numbers_is_refused(tmp_path: Path) -> None:
    pack(tmp_path / "0.tar", samples(["1", "2"] * 3))
    (tmp_path / "classes.txt").write_text("one\n1\n2\n")
    (tmp_path / "classes.txt").write_text("1\none\n")
    with pytest.raises(UserError, match="could mean either"):
        open_dataset(spec(tmp_path))


def test_that_json_and_text_tell_labels_and_the_rest_becomes_metadata(tmp_path: Path) -> None:
    members = [
        ("a.png", picture(1)), ("a.json", b'{"label": "cat", "light": "day", "box": [1], "width": 12}'),
        ("b.png", picture(2)), ("b.json", b'{"Class": 3, "light": "night"}'),
        ("c.png", picture(3)), ("c.txt", "\ufeffcat\n".encode()),
        ("d.png", picture(4)), ("d.json", b'{"light": "night"}'), ("d.cls", b"3"),
    ]  # fmt: skip
    pack(tmp_path / "train.tar", members)
    pack(tmp_path / "test.tar", samples(["cat", "3"]))
    data = open_dataset(spec(tmp_path))
    assert [data.class_names[i] for i in data.labels[data.train]] == ["cat", "3", "cat", "3"]
    assert data.metadata["light"][:4] == ("day", "night", "", "night")
    assert data.metadata["width"][0] == "12"
    assert set(data.metadata) == {"light", "width"}


def test_that_what_cannot_be_used_is_left_out_with_its_reason(two_parts: Path) -> None:
    jpeg = picture(9, "jpg")
    odd = [
        ("bare.png", picture(1)),
        ("deep.png", picture(1)), ("deep.json", b"[" * 60_000),
        ("big.png", picture(1)), ("big.cls", b"x" * 70_000),
        ("two.png", picture(1)), ("two.png", picture(2)), ("two.cls", b"cat"),
        ("both.png", picture(1)), ("both.jpg", jpeg), ("both.cls", b"cat"),
        ("torn.jpg", jpeg[: len(jpeg) // 2]), ("torn.cls", b"cat"),
        ("lone.cls", b"cat"), ("README.txt", b"hello"), ("._000001.png", b"mac"), ("a.seg.png", picture(5)),
        ("a.png", picture(6)), ("a.cls", b"cat"),
    ]  # fmt: skip
    pack(two_parts / "train/2.tar", odd)
    assert reasons(two_parts) == {
        "train/2.tar/bare.png": "no label beside it (.cls, .json or .txt)",
        "train/2.tar/deep.png": "its .json cannot be read",
        "train/2.tar/big.png": "its .cls is larger than 64 kB",
        "train/2.tar/two.png": "it is in the shard twice",
        "train/2.tar/both.png": "2 images have this name",
        "train/2.tar/torn.jpg": "truncated",
        "train/2.tar/lone.cls": "no image with a name like this label's",
    }
    assert "train/2.tar/a.png" in open_dataset(spec(two_parts)).index_of


def test_that_links_are_named_and_never_followed(two_parts: Path) -> None:
    with tarfile.open(two_parts / "train/2.tar", "w") as archive:
        info = tarfile.TarInfo("x.png")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(info)
    assert reasons(two_parts) == {"train/2.tar/x.png": "a link, not a file"}


def test_that_a_shard_that_is_cut_off_gives_what_came_before_and_is_named(two_parts: Path) -> None:
    whole = (two_parts / "train/0.tar").read_bytes()
    (two_parts / "train/0.tar").write_bytes(whole[:5000])
    data = open_dataset(spec(two_parts))
    assert 2 < len(data.train) < 6
    assert "The shard train/0.tar is not read to its end" in data.notes[0]
    assert "byte" in data.skipped[-1].reason


def test_that_shards_without_any_label_are_a_sentence(tmp_path: Path) -> None:
    pack(tmp_path / "0.tar", [(f"{i}.png", picture(i)) for i in range(4)])
    with pytest.raises(UserError, match="no label beside it"):
        open_dataset(spec(tmp_path))


def test_that_only_changed_shards_are_listed_and_looked_through_again(
    two_parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_dataset(spec(two_parts))
    read: list[str] = []
    listed, content = Shards.listed, Shards.content
    monkeypatch.setattr(Shards, "listed", lambda s, path, f: read.append(f"listed {path.name}") or listed(s, path, f))
    monkeypatch.setattr(Shards, "content", lambda s, path, *a: read.append(path.name) or content(s, path, *a))
    assert open_dataset(spec(two_parts)).fingerprint == first.fingerprint
    assert not read
    pack(two_parts / "train/2.tar", samples(["cat"], 9))
    assert len(open_dataset(spec(two_parts))) == 9
    assert read == ["listed 2.tar", "2.tar"]


def test_that_moved_data_are_the_same_data(two_parts: Path) -> None:
    before = open_dataset(spec(two_parts)).fingerprint
    two_parts.rename(two_parts.parent / "elsewhere")
    assert open_dataset(spec(two_parts.parent / "elsewhere")).fingerprint == before


def test_that_a_shard_that_vanished_or_changed_meanwhile_is_a_sentence(two_parts: Path) -> None:
    data = open_dataset(spec(two_parts))
    os.utime(two_parts / "train/0.tar", ns=(1, 1))
    assert data.image(0).shape == (8, 12, 3)  # touched only
    pack(two_parts / "train/0.tar", samples(["cat", "dog"], 50))
    with pytest.raises(UserError, match="has changed since"):
        data.image(0)
    (two_parts / "train/1.tar").unlink()
    with pytest.raises(UserError, match=r"train/1\.tar/000004\.png .* has vanished since"):
        data.batch([4], 8)


def test_that_decoded_images_are_kept_and_noticed_to_be_of_changed_shards(two_parts: Path) -> None:
    data = open_dataset(spec(two_parts))
    fresh = data.batch(range(8), 8)
    assert [*data.keep(range(8), Fit(8))]
    assert np.array_equal(data.batch(range(8), 8), fresh)
    pack(two_parts / "train/1.tar", samples(["cat", "dog"], 50))
    with pytest.raises(UserError, match="changed"):
        data.batch([4], 8)


def test_that_a_folder_that_holds_shards_and_no_images_is_opened_as_such(two_parts: Path) -> None:
    assert parse_spec(str(two_parts)) == ("shards", two_parts)
    with pytest.raises(UserError, match="open it as shards:DIR"):
        open_dataset(f"folder:{two_parts}")
    (two_parts / "cat").mkdir()
    (two_parts / "cat" / "a.png").write_bytes(picture(1))
    assert parse_spec(str(two_parts)) == ("folder", two_parts)

from __future__ import annotations

import threading

import pytest

from mpt_studio.errors import UserError
from mpt_studio.recipe import Recipe, UpdateRecipe
from mpt_studio.store import Store
from mpt_studio.store.said import FILE, Said, read_said, say


def test_that_name_tags_and_note_are_kept_beside_the_record(store: Store) -> None:
    update = store.create_update(UpdateRecipe(), title="Update on builtin")
    say(update.folder, name="  Night\nrun ", tags="night, cam 2,, night")
    say(update.folder, note="Better on lamps.")
    again = store.update(update.id)
    assert again.said == Said("Night run", ("night", "cam 2"), "Better on lamps.")
    assert again.title == "Night run"
    say(update.folder, name="")
    assert store.update(update.id).title == "Update on builtin"


def test_that_a_run_can_be_named_while_it_trains(store: Store) -> None:
    with store.create_run(Recipe(data="builtin"), label="MPT_KL") as writer:
        say(writer.folder, name="try 3")
        writer.finish("done")
    (run,) = store.runs()
    assert (run.title, run.label, run.outcome) == ("try 3", "MPT_KL", "done")


def test_that_several_windows_lose_nothing_of_each_other(store: Store) -> None:
    folder = store.create_update(UpdateRecipe()).folder
    threads = [
        threading.Thread(target=say, args=(folder,), kwargs={name: value})
        for name, value in (("name", "a"), ("tags", "b"), ("note", "c"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_said(folder) == Said("a", ("b",), "c")


@pytest.mark.parametrize("content", ["{", "[]", '{"name": 3}', '{"tags": "x"}'])
def test_that_a_damaged_file_hides_no_update_and_is_kept(store: Store, content: str) -> None:
    update = store.create_update(UpdateRecipe(), title="mine")
    (update.folder / FILE).write_text(content)
    assert store.update(update.id).title == "mine"
    say(update.folder, name="new")
    assert store.update(update.id).title == "new"
    assert (update.folder / "said.damaged").read_text() == content


def test_that_a_folder_that_is_gone_is_told(store: Store) -> None:
    update = store.create_update(UpdateRecipe())
    store.delete(update.id)
    with pytest.raises(UserError):
        say(update.folder, name="x")

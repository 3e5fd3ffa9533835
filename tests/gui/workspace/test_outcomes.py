"""Updates and searches in words."""

from __future__ import annotations

from mpt_studio.gui.workspace.outcomes import result_words, title_of
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store import Store


def test_that_a_job_is_called_with_its_data_as_people_call_them(store: Store) -> None:
    update = store.create_update(UpdateRecipe(data="folder:/pets/cats"), title="Update on folder:/pets/cats")
    search = store.create_search(SearchRecipe(update=UpdateRecipe(data="builtin")), title="Night search")
    assert [title_of(job) for job in (update, search)] == ["Update on cats", "Night search"]


def test_that_what_has_no_winner_says_how_it_ended_and_says_it_once(store: Store) -> None:
    search = store.create_search(SearchRecipe(update=UpdateRecipe(data="builtin")))
    for outcome, message, told in (
        ("stopped", "Stopped early; the trials that were ready are kept.", "■ Stopped early; the trials that were"),
        ("failed", "The disk is full.", "✗ failed: The disk is full."),
        ("interrupted", "", "▲ interrupted: 0 of 30 trials"),
    ):
        with store.write_search(search.id) as writer:
            writer.finish(outcome, message)  # type: ignore[arg-type]
        assert result_words(store.search(search.id)).startswith(told)

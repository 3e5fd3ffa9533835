"""``mpt-studio search``: find the best update."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

from mpt_studio import jobs, report
from mpt_studio.cli.cluster_options import ClusterOptions
from mpt_studio.cli.presets import preset_in
from mpt_studio.cli.session import JsonOption, StoreOption, open_session, print_record
from mpt_studio.errors import UsageError, UserError, one_sentence
from mpt_studio.recipe.search import SearchRecipe


def search_command(words: list[str]) -> Callable[..., int]:
    """``search`` with the named preset's values as defaults."""
    base = SearchRecipe()
    start = dataclasses.replace(base, update=dataclasses.replace(preset_in(words), noise_floor=False))

    def search(
        recipe: SearchRecipe = start,
        preset: str = "",
        resume: str = "",
        more_trials: int = 0,
        cluster: ClusterOptions = ClusterOptions(),  # noqa: B008 - frozen
        store: StoreOption = None,
        json: JsonOption = False,
    ) -> int:
        """Find the update that breaks least at the accuracy that is needed.

        Trains plain training on all data, then updates that a sampler proposes, and the best of them again with other
        seeds. Everything is chosen on the validation part; the test part is looked at once, at the end.

        Args:
            preset: Start from a preset, as for an update; other options replace its values.
            resume: Go on with a search, by its id; its own recipe counts then.
            more_trials: With --resume: so many more trials than were planned.
        """
        if more_trials < 0 or (more_trials and not resume):
            raise UsageError("--more-trials adds to a search that is there: name it with --resume ID, and how many.")
        with open_session(store, quiet=json) as session:
            if resume:
                known = session.store.search(resume)
                known = jobs.add_trials(session.store, known.id, more_trials) if more_trials else known
                with cluster.on(session, known.recipe.update) as there:
                    return run_search(there, known.id, json)
            with cluster.on(session, recipe.update) as there:
                dataset = jobs.check_search(there, recipe)
                made = jobs.start_search(session.store, recipe)
                return run_search(there, made.id, json, dataset)

    return search


def run_search(session: jobs.Session, search: str, json: bool, dataset: Any = None) -> int:
    """Run or resume one and print what it found."""
    result = jobs.run_search(session, search, dataset)
    if result is None:
        raise UserError("The search was stopped before plain training was there to compare with.")
    print_record(result, json, report.search_report)
    failed = [row for row in result["trials"] if row["outcome"] == "failed"]
    for row in failed:
        print(one_sentence(f"{row['label']} failed: {row['message']}"), file=sys.stderr)
    return 0

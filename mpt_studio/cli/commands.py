"""The commands of ``mpt-studio``; their options are the recipe's fields. Here: the parser, and what trains."""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import tyro
from tyro.conf import Positional

from mpt_studio import __version__, jobs, report
from mpt_studio.cli.cache_command import cache
from mpt_studio.cli.check_command import check
from mpt_studio.cli.classes import classes
from mpt_studio.cli.cluster_options import ClusterOptions
from mpt_studio.cli.cost_command import cost
from mpt_studio.cli.export_command import export
from mpt_studio.cli.listing import runs
from mpt_studio.cli.policy_options import EXIT_CODES, read_asking
from mpt_studio.cli.presets import preset_in
from mpt_studio.cli.report_command import report_
from mpt_studio.cli.search_command import run_search, search_command
from mpt_studio.cli.session import (
    FileOption,
    JsonOption,
    NumberOption,
    StoreOption,
    open_session,
    opened_store,
    print_record,
)
from mpt_studio.cli.spread import GpusOption, check_gpus, resume_on
from mpt_studio.cli.version_commands import compare, evaluate, inspect
from mpt_studio.cli.words import spelled_out
from mpt_studio.errors import Interrupted, UsageError, UserError, one_sentence
from mpt_studio.log import start_logging
from mpt_studio.methods import Method, method_named
from mpt_studio.recipe import Images, Model, Recipe, Role, Start, Training, UpdateRecipe, from_json, to_json
from mpt_studio.store import Run, Search, Store, Update
from mpt_studio.units import duration

if TYPE_CHECKING:
    from mpt_studio.decide import Policy


def main(words: Sequence[str], open_window: Callable[[list[str]], int]) -> int:
    """Parse and run one command; every failure is one sentence on stderr and an exit code.

    ``open_window`` is what ``gui`` calls: the command line itself knows no window.
    """
    if list(words) == ["--version"]:
        print(f"mpt-studio {__version__}")
        return 0
    start_logging("command-line")
    try:
        by_torchrun = "LOCAL_RANK" in os.environ  # asked here as well: most starts need no job for it
        with jobs.taking_part() if by_torchrun else nullcontext(True) as does_it:
            code = _dispatch(spelled_out(list(words)), open_window) if does_it else 0
        sys.stdout.flush()  # a full disk shows here, where it gets a sentence
        return code
    except UserError as error:
        _say(one_sentence(str(error), 1000))
        return error.exit_code
    except (Interrupted, KeyboardInterrupt) as error:
        _say(str(error) or "Interrupted; nothing is left half-written.")
        return Interrupted.exit_code
    except BrokenPipeError:  # the reader of our output went away
        sys.stderr.close()
        return 0
    except OSError as error:
        _say(one_sentence(f"The system refused: {error}."))
        _forget(sys.stdout)
        return UserError.exit_code


def _say(sentence: str) -> None:
    try:
        print(sentence, file=sys.stderr, flush=True)
    except OSError:  # a log on a full disk
        _forget(sys.stderr)


def _forget(stream: TextIO) -> None:
    """Nothing more can be written to it; the interpreter must not try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _dispatch(words: list[str], open_window: Callable[[list[str]], int]) -> int:
    def gui(paths: Positional[tuple[Path, ...]] = (), *, fresh: bool = False) -> int:
        """Open the window, with checkpoints, predictions or image folders, or with what was open last.

        Args:
            paths: What to open.
            fresh: Begin empty, whatever was open last.
        """
        return open_window([*map(str, paths), *["--fresh"] * fresh])

    commands: dict[str, Callable[..., Any]] = {
        "update": _update_command(words),
        "search": search_command(words),
        "train": train,
        "evaluate": evaluate,
        "compare": compare,
        "cost": cost,
        "report": report_,
        "classes": classes,
        "runs": runs,
        "inspect": inspect,
        "export": export,
        "check": check,
        "cache": cache,
        "resume": resume,
        "gui": gui,
    }
    config = (tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff, tyro.conf.OmitSubcommandPrefixes)
    if words and words[0] in commands:  # a parser for one is made in half the time of one for all
        return int(tyro.cli(commands[words[0]], prog=f"mpt-studio {words[0]}", args=words[1:], config=config) or 0)
    code = tyro.extras.subcommand_cli_from_dict(
        commands,
        args=words,
        prog="mpt-studio",
        description="Train updates of an image classifier with few negative flips, compare them, look at every flip. "
        "Without a command it opens the window.",
        config=config,
        sort_subcommands=False,
    )
    return int(code or 0)


def _update_command(words: list[str]) -> Callable[..., int]:
    """``update`` with the named preset's values as defaults, so that ``--help`` shows them and options replace them."""
    start = preset_in(words)

    def update(
        recipe: UpdateRecipe = start,
        preset: str = "",
        estimate: bool = False,
        policy: FileOption = None,
        gpus: GpusOption = None,
        cluster: ClusterOptions = ClusterOptions(),  # noqa: B008 - frozen
        store: StoreOption = None,
        json: JsonOption = False,
    ) -> int:
        """Train old model (if none is given), reference and candidates, and compare them on the same test part.

        Args:
            preset: Start from a preset (try-it-now, quick, fine-tune, head-only, standard, published); other options
                replace its values.
            estimate: Only tell how long each version would take on this machine, from a few timed steps.
            policy: Judge each candidate by this policy file (TOML, docs/decide.md). The recommended one's verdict is
                the exit code: 0 ship, 3 hold, 4 review or too little evidence.
        """
        asked = read_asking(policy) if policy else None
        spread = check_gpus(gpus, recipe.training.device, cluster.cluster)
        with open_session(store, quiet=json) as session:
            if estimate:
                dataset = jobs.check_update(session, recipe)
                print_record(jobs.estimate(session, recipe, dataset), json, _estimate_text)
                return 0
            if spread:
                jobs.check_update(session, recipe)
                made = jobs.start_update(session.store, recipe)
            else:
                with cluster.on(session, recipe) as there:
                    dataset = jobs.check_update(there, recipe)
                    made = jobs.start_update(session.store, recipe)
                    result = jobs.run_update(there, made.id, dataset)
                return _print_update(session, result, asked, json)
        return resume_on(gpus or 1, made.id, store, json, policy)

    return update


def _estimate_text(record: dict[str, Any]) -> str:
    lines = [f"{row['label']}: {duration(row['seconds'])}" for row in record["versions"]]
    return "\n".join([*lines, f"About {duration(record['seconds'])} in all, on {record['device']}."])


def _print_update(session: jobs.Session, result: dict[str, Any] | None, policy: Policy | None, json: bool) -> int:
    if result is None:
        raise UserError("The update was stopped before there was anything to compare.")
    if policy is not None:
        result = jobs.judge_update(session, result, policy)
    print_record(result, json, report.update_report)
    for row in result["failed"]:
        print(one_sentence(f"{row['method']} failed: {row['error']}"), file=sys.stderr)
    if result["failed"]:
        return 1
    return EXIT_CODES[result["verdict"]] if policy is not None else 0


def train(
    data: str,
    role: Role = "candidate",
    method: str = "none",
    logit_margin: NumberOption = None,
    set: tuple[str, ...] = (),
    old_classes: str = "",
    old: str = "",
    reference: str = "",
    ensemble: tuple[str, ...] = (),
    model: Model = Model(),  # noqa: B008 - frozen
    start: Start = Start(),  # noqa: B008 - frozen
    images: Images = Images(),  # noqa: B008 - frozen
    training: Training = Training(),  # noqa: B008 - frozen
    gpus: GpusOption = None,
    cluster: ClusterOptions = ClusterOptions(),  # noqa: B008 - frozen
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Train one version.

    Args:
        data: builtin, fashion-mnist[:DIR], cifar10:DIR, cifar100:DIR, folder:DIR, manifest:FILE.csv, shards:DIR or
            parquet:DIR.
        role: What the version is for; "old" is trained on the old classes only.
        method: Published or lower-case name: none, pct_kl, mpt_kl, elodi, ….
        logit_margin: b, for the methods with a margin.
        set: Other fields of the method, as in --set temperature=3 old_weight=0.5.
        old_classes: Classes that the old model knows: a count, names separated by commas, or a file.
        old: The old model: weights, an ONNX file, or its answers to all of the data.
        reference: The reference model's checkpoint, for MPT.
        ensemble: The ensemble's checkpoints, for ELODI.
    """
    chosen = to_json(method_named(method, logit_margin)) | _assignments(set)
    recipe = Recipe(
        data=data, role=role, old_classes=old_classes, old=old, reference=reference, ensemble=ensemble, model=model,
        start=start, images=images, training=training, method=from_json(Method, chosen, UsageError),
    )  # fmt: skip
    spread = check_gpus(gpus, training.device, cluster.cluster)
    with open_session(store, quiet=json) as session:
        dataset = jobs.open_data(session, data)
        if spread:
            jobs.check_engine(session, recipe, dataset)
            made = jobs.start_train(session.store, recipe, dataset)
        else:
            with cluster.said(session, recipe) as there:
                jobs.check_engine(there, recipe, dataset)
                made = jobs.start_train(session.store, recipe, dataset)
                run = jobs.train(there, made.id, dataset).id
            return _print_run(session, run, json)
    return resume_on(gpus or 1, made.id, store, json)


def _assignments(pairs: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"--set takes FIELD=VALUE, as in temperature=3; {pair!r} has no '='.")
        try:
            values[name] = json_module.loads(text)
        except ValueError:
            values[name] = text
    return values


def _print_run(session: jobs.Session, run_id: str, json: bool) -> int:
    run = session.store.run(run_id)
    record = {
        "run": run.id,
        "label": run.label,
        "outcome": run.outcome,
        "checkpoint": str(run.checkpoint) if run.checkpoint else None,
        "predictions": str(run.predictions("test") or "") or None,
        "figures": run.figures,
    }
    print_record(record, json, _run_text)
    return 0


def _run_text(record: dict[str, Any]) -> str:
    figures = record["figures"].get("test", {})
    head = f"{record['label']} ({record['outcome']}): {record['checkpoint'] or 'no version kept'}"
    if "old_classes" in figures:
        return f"{head}\n{report.comparison_report(figures)}"
    return f"{head}\n{report.accuracy_report('Test part', figures)}" if figures else head


def resume(
    id: Positional[str],
    policy: FileOption = None,
    gpus: GpusOption = None,
    cluster: ClusterOptions = ClusterOptions(),  # noqa: B008 - frozen
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Go on with an update, a search or a run that is queued or was interrupted.

    Args:
        id: Its id, or the unique beginning of it.
        policy: Judge an update's candidates by this policy file, as update does.
    """
    asked = read_asking(policy) if policy else None
    job = _job(opened_store(store), id)
    if asked is not None and not isinstance(job, Update):
        what = "run" if isinstance(job, Run) else "search"
        raise UsageError(
            f"--policy judges an update's candidates, and {id} is a {what}; compare its version with the old model."
        )
    if gpus is not None and isinstance(job, Search):
        raise UsageError("A search trains its trials side by side, each on a GPU of its own; leave --gpus out.")
    if not isinstance(job, Search) and check_gpus(gpus, job.recipe.training.device, cluster.cluster):
        return resume_on(gpus or 1, job.id, store, json, policy)
    with open_session(store, quiet=json) as session:
        if isinstance(job, Run):
            with cluster.said(session, job.recipe) as there:
                return _print_run(session, jobs.train(there, job.id).id, json)
        if isinstance(job, Search):
            with cluster.on(session, job.recipe.update) as there:
                return run_search(there, job.id, json)
        with cluster.on(session, job.recipe) as there:
            result = jobs.run_update(there, job.id)
        return _print_update(session, result, asked, json)


def _job(store: Store, id: str) -> Run | Update | Search:
    """What is meant by an id or the beginning of one. Raises ``UserError``."""
    if not any(update.id == id for update in store.updates()):
        if any(run.id.startswith(id) for run in store.runs()):
            return store.run(id)
        if any(search.id.startswith(id) for search in store.searches()):
            return store.search(id)
    return store.update(id)

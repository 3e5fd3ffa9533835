"""The commands of ``mpt-studio``; their options are the recipe's fields."""

from __future__ import annotations

import argparse
import dataclasses
import json as json_module
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from tyro.conf import Positional

from mpt_studio import __version__, jobs, paths, report
from mpt_studio.cli.terminal import Terminal
from mpt_studio.compare import SUBSETS, Criteria, adjusted_rates, judge, label_wrong, read_ids, write_csv
from mpt_studio.data import open_dataset
from mpt_studio.errors import Interrupted, UsageError, UserError, one_sentence
from mpt_studio.flips import Mark
from mpt_studio.log import start_logging
from mpt_studio.recipe import (
    Method,
    Model,
    Recipe,
    Role,
    Training,
    UpdateRecipe,
    from_json,
    method_named,
    preset,
    to_json,
)
from mpt_studio.store import Marks, Store
from mpt_studio.store.marks import FILE as MARKS_FILE

StoreOption = Annotated[Path | None, tyro.conf.arg(metavar="DIR", help="Folder of runs; by default the user's own.")]
JsonOption = Annotated[bool, tyro.conf.arg(help="Print one JSON object for machines instead of tables.")]
NOT_MET = 3
"""Exit code of ``compare`` where a criterion is not met."""
PART_HELP = "Which part of the data; the test part unless you say otherwise."


def main(words: Sequence[str], open_window: Callable[[list[str]], int]) -> int:
    """Parse and run one command; every failure is one sentence on stderr and an exit code.

    ``open_window`` is what ``gui`` calls: the command line itself knows no window.
    """
    if list(words) == ["--version"]:
        print(f"mpt-studio {__version__}")
        return 0
    start_logging("command-line")
    try:
        code = _dispatch(list(words), open_window)
        sys.stdout.flush()  # a full disk shows here, where it gets a sentence
        return code
    except (UserError, Interrupted) as error:
        print(one_sentence(str(error), 1000), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return Interrupted.exit_code
    except BrokenPipeError:  # the reader of our output went away
        sys.stderr.close()
        return 0
    except OSError as error:
        print(one_sentence(f"The system refused: {error}."), file=sys.stderr)
        _forget_output()
        return UserError.exit_code


def _forget_output() -> None:
    """Nothing more can be written to stdout; the interpreter must not try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(words: list[str], open_window: Callable[[list[str]], int]) -> int:
    def gui(paths: Positional[tuple[Path, ...]] = ()) -> int:
        """Open the window, with checkpoints, predictions or image folders.

        Args:
            paths: What to open.
        """
        return open_window([str(path) for path in paths])

    commands: dict[str, Callable[..., Any]] = {
        "update": _update_command(words),
        "train": train,
        "evaluate": evaluate,
        "compare": compare,
        "runs": runs,
        "inspect": inspect,
        "resume": resume,
        "gui": gui,
    }
    code = tyro.extras.subcommand_cli_from_dict(
        commands,
        args=words,
        prog="mpt-studio",
        description="Train updates of an image classifier with few negative flips, compare them, look at every flip. "
        "Without a command it opens the window.",
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff, tyro.conf.OmitSubcommandPrefixes),
        sort_subcommands=False,
    )
    return int(code or 0)


def _update_command(words: list[str]) -> Callable[..., int]:
    """``update`` with the named preset's values as defaults, so that ``--help`` shows them and options replace them."""
    key = _preset_named(words)
    start = preset(key).recipe if key else UpdateRecipe()

    def update(
        recipe: UpdateRecipe = start, preset: str = "", store: StoreOption = None, json: JsonOption = False
    ) -> int:
        """Train old model (if none is given), reference and candidates, and compare them on the same test part.

        Args:
            preset: Start from a preset (try-it-now, quick, standard, published); other options replace its values.
        """
        with _session(store, quiet=json) as session:
            dataset = jobs.check_update(session, recipe)
            made = jobs.start_update(session.store, recipe)
            return _print_update(jobs.run_update(session, made.id, dataset), json)

    return update


def _preset_named(words: list[str]) -> str:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--preset", nargs="?", default="")
    return parser.parse_known_args(words)[0].preset or ""


def _print_update(result: dict[str, Any] | None, json: bool) -> int:
    if result is None:
        raise UserError("The update was stopped before there was anything to compare.")
    _print(result, json, report.update_report)
    for row in result["failed"]:
        print(one_sentence(f"{row['method']} failed: {row['error']}"), file=sys.stderr)
    return 1 if result["failed"] else 0


def train(
    data: str,
    role: Role = "candidate",
    method: str = "none",
    logit_margin: float | None = None,
    set: tuple[str, ...] = (),
    old_classes: str = "",
    old: str = "",
    reference: str = "",
    ensemble: tuple[str, ...] = (),
    model: Model = Model(),  # noqa: B008 - frozen
    training: Training = Training(),  # noqa: B008 - frozen
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Train one version.

    Args:
        data: builtin, fashion-mnist[:DIR], cifar10:DIR, cifar100:DIR or folder:DIR.
        role: What the version is for; "old" is trained on the old classes only.
        method: Published or lower-case name: none, pct_kl, mpt_kl, elodi, ….
        logit_margin: b, for the methods with a margin.
        set: Other fields of the method, as in --set temperature=3 old_weight=0.5.
        old_classes: Classes that the old model knows: a count, names separated by commas, or a file.
        old: The old model's checkpoint.
        reference: The reference model's checkpoint, for MPT.
        ensemble: The ensemble's checkpoints, for ELODI.
    """
    chosen = to_json(method_named(method, logit_margin)) | _assignments(set)
    recipe = Recipe(
        data=data, role=role, old_classes=old_classes, old=old, reference=reference, ensemble=ensemble, model=model,
        training=training, method=from_json(Method, chosen, UsageError),
    )  # fmt: skip
    with _session(store, quiet=json) as session:
        dataset = open_dataset(jobs.absolute_spec(data), session.progress)
        jobs.check_engine(model, training.device, dataset)
        made = jobs.start_train(session.store, recipe, dataset)
        return _print_run(session, jobs.train(session, made.id, dataset).id, json)


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
    _print(record, json, _run_text)
    return 0


def _run_text(record: dict[str, Any]) -> str:
    figures = record["figures"].get("test", {})
    head = f"{record['label']} ({record['outcome']}): {record['checkpoint'] or 'no version kept'}"
    if "old_classes" in figures:
        return f"{head}\n{report.comparison_report(figures)}"
    return f"{head}\n{report.accuracy_report('Test part', figures)}" if figures else head


def evaluate(
    checkpoint: Positional[Path],
    data: str,
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"], metavar="DIR")] = None,
    part: Literal["train", "test"] = "test",
    device: str = "auto",
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """A version's answers on data, kept as predictions.

    Args:
        checkpoint: The version's weights.
        data: builtin, fashion-mnist[:DIR], cifar10:DIR, cifar100:DIR or folder:DIR.
        out: Folder for the predictions; by default the store's cache.
        part: Which part of the data.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    with _session(store, quiet=json) as session:
        predictions, folder = jobs.evaluate(session, checkpoint, data, part=part, device=device, out=out)
        record = {"predictions": str(folder), "version": predictions.version, **jobs.accuracy_figures(predictions)}
    _print(record, json, lambda r: f"{report.accuracy_report(r['version'], r)}\nPredictions: {r['predictions']}")
    return 0


def compare(
    old: Positional[str],
    new: Positional[str],
    data: str = "",
    csv: Path | None = None,
    must_not_flip: Path | None = None,
    max_nfr: float | None = None,
    max_class_nfr: float | None = None,
    min_accuracy_gain: float | None = None,
    adjusted: bool = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Compare two versions: runs, checkpoints, predictions folders or .npz files. Exits 3 where a criterion is not met.

    Args:
        old: The old model.
        new: The version meant to replace it.
        data: Data to compare on; by default those that the predictions are of.
        csv: Write one line per sample to this file.
        must_not_flip: Criterion: none of the ids in this text or CSV file may be a negative flip.
        max_nfr: Criterion: largest NFR (old classes), as a fraction.
        max_class_nfr: Criterion: largest NFR of any one old class, as a fraction.
        min_accuracy_gain: Criterion: smallest gain in accuracy (all), as a fraction; 0 allows no loss.
        adjusted: Judge without the samples that were marked as wrongly labelled in the window.
    """
    listed = read_ids(must_not_flip.expanduser()) if must_not_flip else None
    criteria = Criteria(listed, max_nfr, max_class_nfr, min_accuracy_gain)
    with _session(store, quiet=json) as session:
        comparison = jobs.compare_versions(session, old, new, data)
        comparison.set_marks(_marks(session.store, comparison.new.data_fingerprint))
        if csv is not None:
            write_csv(comparison, csv)
    wrong = label_wrong(comparison)
    record = comparison.to_json()
    if wrong.any():
        record["adjusted"] = {subset: adjusted_rates(comparison, subset, wrong).to_json() for subset in SUBSETS}
    verdict = judge(comparison, criteria, leave_out=wrong if adjusted else None) if criteria.asked() else None
    if verdict is not None:
        record["verdict"] = verdict.to_json()
    _print(record, json, lambda r: report.judged_report(r, comparison.matching, verdict))
    return 0 if verdict is None or verdict.passed else NOT_MET


def _marks(opened: Store, fingerprint: str) -> dict[str, Mark]:
    """What was marked in the window on these data; a store without marks stays without."""
    if not fingerprint or not (opened.root / MARKS_FILE).is_file():
        return {}
    marks = Marks(opened.root)
    try:
        return marks.marks(fingerprint)
    finally:
        marks.close()


def runs(store: StoreOption = None, json: JsonOption = False) -> int:
    """List updates and runs, newest first."""
    opened = _store(store)
    updates, found = opened.updates(), opened.runs()
    for problem in opened.problems:
        print(one_sentence(problem), file=sys.stderr)
    if json:
        print(json_module.dumps({"updates": [_update_row(u) for u in updates], "runs": [_run_row(r) for r in found]}))
    else:
        print(report.runs_report(updates, found))
    return 0


def _update_row(update: Any) -> dict[str, Any]:
    names = ("id", "title", "created", "outcome", "message")
    members = [dataclasses.asdict(member) for member in update.members]
    return {**{name: getattr(update, name) for name in names}, "folder": str(update.folder), "members": members}


def _run_row(run: Any) -> dict[str, Any]:
    names = ("id", "label", "update", "created", "outcome", "message", "figures")
    checkpoint = str(run.checkpoint) if run.checkpoint else None
    return {**{name: getattr(run, name) for name in names}, "folder": str(run.folder), "checkpoint": checkpoint}


def inspect(path: Positional[Path], store: StoreOption = None, json: JsonOption = False) -> int:
    """Describe a checkpoint, predictions or an image folder.

    Args:
        path: The file or folder.
    """
    with _session(store, quiet=json) as session:
        record = jobs.inspect(session, path)
    _print(record, json, _described)
    return 0


def _described(record: dict[str, Any]) -> str:
    width = max(map(len, record))
    return "\n".join(f"{name:<{width}}  {_short(value)}" for name, value in record.items())


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        shown = ", ".join(str(item) for item in value[:12])
        return one_sentence(f"{shown}, … ({len(value)})" if len(value) > 12 else shown)
    return one_sentence(json_module.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value))


def resume(id: Positional[str], store: StoreOption = None, json: JsonOption = False) -> int:
    """Go on with an update or a run that is queued or was interrupted.

    Args:
        id: The update's or run's id, or the unique beginning of it.
    """
    with _session(store, quiet=json) as session:
        found = next((u for u in session.store.updates() if u.id == id), None)
        if found is None and any(r.id.startswith(id) for r in session.store.runs()):
            return _print_run(session, jobs.train(session, session.store.run(id).id).id, json)
        return _print_update(jobs.run_update(session, session.store.update(id).id), json)


def _store(folder: Path | None) -> Store:
    return Store((folder or paths.store_dir()).expanduser().absolute())


@contextmanager
def _session(folder: Path | None, *, quiet: bool) -> Iterator[jobs.Session]:
    """A session that shows progress on stderr and turns Ctrl+C and SIGTERM into an orderly, resumable end."""
    with Terminal(quiet=quiet) as terminal, _signals() as interrupted:
        yield jobs.Session(_store(folder), terminal.listen, terminal.progress, interrupted)


@contextmanager
def _signals() -> Iterator[Callable[[], bool]]:
    asked = False

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        if asked:  # a second Ctrl+C does not wait for an orderly end
            raise KeyboardInterrupt
        asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print(record: dict[str, Any], json: bool, text: Callable[[dict[str, Any]], str]) -> None:
    print(json_module.dumps(record, ensure_ascii=False) if json else text(record))

"""The warm worker: short jobs for the window, one JSON object per line on stdin, answers on stdout.

Request ``{"id": 1, "job": "evaluate", "args": {…}}``; answers are any number of ``{"id": 1, "progress": sentence,
"fraction": 0…1 or null}`` and then ``{"id": 1, "result": {…}}`` or ``{"id": 1, "error": sentence, "detail": trace}``.

Requests are served in order, with three exceptions, so that the worker never does what nobody waits for any more:

- ``"latest": "saliency"`` beside the job: when its turn comes and a newer request with the same text is waiting, it is
  answered at once with ``{"id": 1, "error": sentence, "detail": "", "skipped": true}``.
- ``{"cancel": 1}``: the request is answered with ``{"id": 1, "error": sentence, "detail": "", "cancelled": true}``,
  when its turn comes or, where it is running, with its next progress. A job without progress is ended by a kill.
- Quick jobs (saliency) on data that are open are served between two steps of a long one.

The worker is a process so that torch, a crash or an out-of-memory kill never reach the window. It keeps the last few
networks and data sets loaded.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from mpt_studio import jobs, paths, report
from mpt_studio.cli.inbox import Inbox, Request
from mpt_studio.compare import Decision
from mpt_studio.errors import Interrupted, UserError, one_sentence
from mpt_studio.jobs import between, explain
from mpt_studio.log import start_logging
from mpt_studio.predictions import UnclearScores
from mpt_studio.reading import choices_from_json, to_json
from mpt_studio.recipe import UpdateRecipe, from_json
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store import Store

Args = dict[str, Any]
Job = Callable[[jobs.Session, jobs.Warm, Args], dict[str, Any]]


def _prepare_data(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    warm.forget_data(args["spec"])
    return jobs.prepare_data(session, args["spec"])


def _evaluate(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    with jobs.on_cluster(session, args.get("cluster", ""), work=args["data"]) as there:
        predictions, folder = jobs.evaluate(there, Path(args["checkpoint"]), args["data"])
    return {"predictions": str(folder), "version": predictions.version, **jobs.accuracy_figures(predictions)}


def _inspect(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    """Where somebody has to say what scores are, the record's kind is "unclear"."""
    try:
        return jobs.inspect(session, Path(args["path"]), scores=args.get("scores"))
    except UnclearScores as error:
        return {"kind": "unclear", "what": error.what, "fits": error.fits}


def _read_version(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    choices = choices_from_json(args.get("choices") or {})
    names = tuple(args.get("data_classes") or ())
    return to_json(jobs.read_version(session, Path(args["path"]), choices, names, forget=bool(args.get("forget"))))


def _export(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    decision = Decision(args["checkpoint"], float(args.get("interpolate", 0)), float(args.get("offset", 0)))
    more = _given(args, "old", "data", "force", "preprocessing", "opset")
    more |= {name: Path(args[name]) for name in ("out", "folder") if args.get(name)}
    return jobs.export(session, decision, args["format"], **more)


def _measure_costs(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    return jobs.measure_costs(session, args["versions"], **_given(args, "device", "again"))


def _report(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    from mpt_studio.cli.policy_options import read_asking  # the parser that it is made for takes long to import

    names = {name: Path(args[name]) for name in ("page", "markdown", "junit", "json") if name in args}
    policy = read_asking(Path(args["policy"])) if "policy" in args else None
    metadata = Path(args["metadata"]) if "metadata" in args else None
    more = _given(args, "old", "new", "data", "offset", "alpha", "adjusted")
    return report.write_report(session, jobs.Asked(policy=policy, metadata=metadata, **more), report.Files(**names))


def _estimate(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    recipe = from_json(UpdateRecipe, args["recipe"])
    return jobs.estimate(session, recipe, warm.dataset(recipe.data, session.progress))


def _describe_search(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    return jobs.describe_search(session, from_json(SearchRecipe, args["recipe"]))


def _diagnose(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    return jobs.diagnose_versions(session, args["old"], args["new"])


def _set_class_map(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    return jobs.set_class_map(session, args["old"], args["new"], args["pairs"])


def _load(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    return explain.load(session, args["checkpoints"], args["data"], warm=warm)


def _saliency(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    return explain.saliency(
        session, args["checkpoints"], args["data"], args["sample"], classes=args.get("classes", ()), warm=warm
    )


def _neighbours(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    samples = args["samples"] if "samples" in args else [args["sample"]]
    more = _given(args, "k", "all_classes")
    return explain.neighbours(session, args["checkpoints"], args["data"], samples, **more, warm=warm)


def _features_map(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    more = _given(args, "part", "method")
    return explain.features_map(session, args["checkpoint"], args["data"], **more, warm=warm)


def _interpolate(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    more = _given(args, "alphas", "statistics")
    return between.interpolate(session, args["old"], args["update"], args["data"], **more, warm=warm)


def _count_gpus(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    return {"gpus": jobs.gpus_here()}


def _check_cluster(session: jobs.Session, warm: jobs.Warm, args: Args) -> dict[str, Any]:
    jobs.check_cluster(args["cluster"])
    return {}


def _given(args: Args, *names: str) -> Args:
    """The arguments that are there; the job knows what the others are."""
    return {name: args[name] for name in names if name in args}


JOBS: dict[str, Job] = {
    "prepare_data": _prepare_data,
    "evaluate": _evaluate,
    "inspect": _inspect,
    "measure_costs": _measure_costs,
    "estimate": _estimate,
    "describe_search": _describe_search,
    "diagnose": _diagnose,
    "set_class_map": _set_class_map,
    "read_version": _read_version,
    "export": _export,
    "report": _report,
    "load": _load,
    "saliency": _saliency,
    "neighbours": _neighbours,
    "features_map": _features_map,
    "interpolate": _interpolate,
    "count_gpus": _count_gpus,
    "check_cluster": _check_cluster,
}
QUICK = frozenset({"saliency"})
"""Jobs that take a fraction of a second."""


def main(words: list[str]) -> int:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser(prog="mpt-studio worker")
    parser.add_argument("--store", type=Path, default=None)
    store = Store(parser.parse_args(words).store or paths.store_dir())
    start_logging("worker")
    answers, sys.stdout = sys.stdout, sys.stderr  # a library's print must not end up between the answers
    try:
        Worker(store, Inbox(sys.stdin), answers).serve()
    finally:
        sys.stdout = answers
    return 0


class Worker:
    """Serves an inbox and writes answers, all in the thread that calls it."""

    def __init__(self, store: Store, inbox: Inbox, answers: TextIO) -> None:
        self.store, self.inbox, self.answers = store, inbox, answers
        self.warm = jobs.Warm()

    def serve(self) -> None:
        """Until the inbox ends."""
        while (request := self.inbox.take()) is not None:
            self._finish(request)

    def _finish(self, request: Request) -> None:
        try:
            self._answer(request, **self._outcome(request))
        finally:
            self.inbox.done(request)

    def _outcome(self, request: Request) -> dict[str, Any]:
        """The fields of the last answer."""
        if request.is_cancelled:
            return {"error": "Cancelled.", "detail": "", "cancelled": True}
        if request.is_stale:
            return {"error": "A newer request took its place.", "detail": "", "skipped": True}
        try:
            return {"result": self._run(request)}
        except UserError as error:
            return {"error": one_sentence(str(error), 1000), "detail": ""}
        except Interrupted:
            return {"error": "Cancelled.", "detail": "", "cancelled": True}
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}", "detail": traceback.format_exc()}

    def _run(self, request: Request) -> dict[str, Any]:
        if request.problem:
            raise UserError(request.problem)
        if request.job not in JOBS:
            raise UserError(f"The worker has no job {one_sentence(request.job, 40)!r}; it has {', '.join(JOBS)}.")

        def show(sentence: str, fraction: float | None) -> None:
            self._answer(request, progress=sentence, fraction=fraction)
            if request.job not in QUICK and not request.is_cancelled:
                self._serve_quick_ones()

        session = jobs.Session(self.store, show=show, interrupted=lambda: request.is_cancelled)
        return JOBS[request.job](session, self.warm, request.args)

    def _serve_quick_ones(self) -> None:
        while (request := self.inbox.take_one(self._can_be_served_between_steps)) is not None:
            self._finish(request)

    def _can_be_served_between_steps(self, request: Request) -> bool:
        """Not where data have to be opened: the long job may hold their lock."""
        return request.job in QUICK and self.warm.has_data(str(request.args.get("data", "")))

    def _answer(self, request: Request, **fields: Any) -> None:
        self.answers.write(json.dumps({"id": request.number, **fields}, ensure_ascii=False) + "\n")
        self.answers.flush()

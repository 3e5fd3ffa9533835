"""The table of actions: ``menus.py`` makes menus and keys of it, and it says where each has something to work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from mpt_studio.gui.widgets.frames import Page
from mpt_studio.gui.window.pages import PAGES, START, PageRow

if TYPE_CHECKING:
    from mpt_studio.gui.window.commands import Commands


@dataclass(frozen=True)
class Row:
    """One action."""

    id: str
    text: str
    handler: Callable[[Commands], object]
    shortcut: str = ""
    """Several are separated by two spaces."""
    tip: str = ""
    icon: str = ""
    checkable: bool = False
    starts_group: bool = False
    """A separator comes before it in the menu."""
    when: Callable[[Commands], bool] = lambda _: True
    """Whether it has something to work on; else it is off."""


def _compared(c: Commands) -> bool:
    return c.workspace.comparison() is not None


def _judged(c: Commands) -> bool:
    return c.pages.inspects and _compared(c)


def _selected(c: Commands) -> bool:
    """Marks have letters for keys, so they are off wherever nothing is selected."""
    return c.workspace.selected is not None and _judged(c)


def _has_verdict(c: Commands) -> bool:
    judged, draft = c.workspace.deciding.judged, c.workspace.deciding.draft
    return judged is not None and judged.verdict is not None and draft is None


def _several(c: Commands) -> bool:
    return len(c.workspace.candidates) > 1


def _some(c: Commands) -> bool:
    return bool(c.workspace.versions)


def _page(page: PageRow[Page]) -> Row:
    return Row(
        f"page_{page.key}", page.title, lambda c: c.pages.show_page(page.key), page.shortcut, page.tip, page.icon
    )


_FILE = (
    Row("open", "&Open…", lambda c: c.files.open_files(), "Ctrl+O", "Open weights or predictions", "open"),
    Row(
        "open_folder",
        "Open &folder…",
        lambda c: c.files.open_folder(),
        "Ctrl+Shift+O",
        "Open images, weights or predictions",
        "folder",
    ),
    Row(
        "open_data",
        "Open &data…",
        lambda c: c.files.choose_data(),
        "Ctrl+D",
        "Choose the data set to evaluate on",
        "data",
    ),
    Row(
        "open_metadata",
        "Open &metadata…",
        lambda c: c.files.open_metadata(),
        "Ctrl+M",
        "A CSV file with columns on the samples, by sample id or file name",
        "log",
        when=_compared,
    ),
    Row(
        "export_csv",
        "&Export samples…",
        lambda c: c.exports.export_samples(),
        "Ctrl+E",
        "CSV, Parquet, images by flow pair or a contact sheet, of the selection or more",
        "export",
        when=_compared,
    ),
    Row(
        "export_blockers",
        "Export must-&not-flip list…",
        lambda c: c.exports.export_blockers(),
        "Ctrl+Shift+B",
        "Save the ids of all blockers, for mpt-studio compare --must-not-flip",
        "save",
        when=_compared,
    ),
    Row(
        "export_version",
        "Export &version…",
        lambda c: c.files.versions.export(),
        "Ctrl+Shift+E",
        "As .pth, ONNX, safetensors or a list of class names, checked",
        "save",
        when=lambda c: any(version.checkpoint for version in c.workspace.versions),
    ),
    Row(
        "report",
        "Re&port…",
        lambda c: c.files.versions.report(),
        "Ctrl+P",
        "One page for those who have to agree: verdict, figures, what breaks",
        "export",
        when=_compared,
    ),
    Row(
        "skipped",
        "Images left o&ut…",
        lambda c: c.files.versions.skipped(),
        tip="Which, and why",
        icon="image",
        when=lambda c: c.workspace.dataset is not None and bool(c.workspace.dataset.skipped),
    ),
    Row(
        "decoded",
        "Decoded &images…",
        lambda c: c.show_decoded(),
        tip="What decoded images and features take of the disk, how much they may take, and where",
        icon="image",
    ),
    Row(
        "reveal_store", "Show the &store's folder", lambda c: c.reveal_store(), tip="Where runs are kept", icon="folder"
    ),
    Row(
        "reopen",
        "&Begin with what was open",
        lambda c: c.set_reopens(),
        tip="At the next start: versions, data, page, filter and selection",
        checkable=True,
        starts_group=True,
    ),
    Row("quit", "&Quit", lambda c: c.window.close(), "Ctrl+Q", "Close the window"),
)
_UPDATE = (
    Row("try_now", "&Try it now", lambda c: c.try_now(), "Ctrl+T", "Train on the built-in data, no questions", "try"),
    Row(
        "update_model",
        "&Update my model…",
        lambda c: c.update_model(),
        "Ctrl+U",
        "A recipe from data and model",
        "update",
    ),
    Row(
        "find_best",
        "&Find the best update…",
        lambda c: c.find_best(),
        "Ctrl+B",
        "Search for the update that breaks least at the accuracy that is needed",
        "find-best",
    ),
    Row(
        "compare_two", "&Compare two versions…", lambda c: c.files.compare_two(), "Ctrl+Shift+N", "Pick two", "compare"
    ),
)
_VERSIONS = (
    Row(
        "next_candidate",
        "&Next candidate",
        lambda c: c.step_candidate(1),
        "Alt+Down",
        "Show the next candidate",
        when=_several,
    ),
    Row(
        "previous_candidate",
        "&Previous candidate",
        lambda c: c.step_candidate(-1),
        "Alt+Up",
        "Show the last one",
        when=_several,
    ),
    Row(
        "swap",
        "&Swap old model and current",
        lambda c: c.swap_versions(),
        "Ctrl+Shift+X",
        "Exchange roles",
        "swap",
        when=lambda c: c.workspace.old is not None and c.workspace.current is not None,
    ),
    Row(
        "about_version",
        "&About this version…",
        lambda c: c.files.versions.about(),
        "Ctrl+I",
        "What it is",
        "info",
        when=_some,
    ),
    Row(
        "measure_cost",
        "&Measure cost",
        lambda c: c.workspace.costs.measure(),
        tip="Size, FLOPs and latency of all versions, as columns on the Compare page",
        icon="runs",
        when=lambda c: not c.workspace.costs.why_not(),
    ),
    Row(
        "class_doctor",
        "Class &doctor…",
        lambda c: c.files.versions.doctor(),
        "Ctrl+L",
        "Class lists side by side",
        when=_some,
    ),
    Row(
        "close_versions",
        "&Close all versions",
        lambda c: c.workspace.clear(),
        tip="Nothing is deleted",
        icon="close",
        when=_some,
    ),
)
_JUDGE = (
    Row(
        "mark_acceptable",
        "&Acceptable",
        lambda c: c.workspace.judging.accept(),
        "P",
        "These flips may ship",
        "check",
        when=_selected,
    ),
    Row(
        "mark_blocker",
        "&Blocker",
        lambda c: c.workspace.judging.block(),
        "X",
        "These samples must not flip",
        "cross",
        when=_selected,
    ),
    Row(
        "mark_label_wrong",
        "&Label wrong",
        lambda c: c.workspace.judging.doubt(),
        "6",
        "The truth is wrong",
        "edit",
        when=_selected,
    ),
    Row(
        "mark_none",
        "&Clear the mark",
        lambda c: c.workspace.judging.clear(),
        "U",
        "Not judged",
        "remove",
        when=_selected,
    ),
    Row(
        "undo",
        "&Undo mark or note",
        lambda c: c.workspace.judging.undo(),
        "Ctrl+Z",
        icon="reset",
        starts_group=True,
        when=_judged,
    ),
    Row(
        "redo",
        "&Redo mark or note",
        lambda c: c.workspace.judging.redo(),
        "Ctrl+Shift+Z  Ctrl+Y",
        icon="resume",
        when=_judged,
    ),
    Row(
        "policy",
        "&Policy…",
        lambda c: c.decide.edit(),
        "Ctrl+Shift+P",
        "What an update has to meet to ship",
        "edit",
        starts_group=True,
    ),
    Row("open_policy", "&Open a policy…", lambda c: c.decide.choose(), tip="Judge by a file (TOML)", icon="open"),
    Row(
        "must_not_flip",
        "New must-&not-flip set…",
        lambda c: c.decide.make_set(),
        "Ctrl+Shift+M",
        "Of the selection, the filter or the blockers, into the policy",
        "add",
        when=_compared,
    ),
    Row(
        "sign_off",
        "&Sign off…",
        lambda c: c.decide.sign_off(),
        "Ctrl+Shift+S",
        "Your name on the verdict on show",
        "check",
        when=_has_verdict,
    ),
    Row("thresholds", "&Thresholds of causes…", lambda c: c.workspace.thresholds.ask(), tip="Where causes end"),
)
_VIEW = (
    *map(_page, PAGES),
    Row("find", "Search sa&mples", lambda c: c.search_samples(), "Ctrl+F", "By words and conditions", "search"),
    Row(
        "page_start",
        "&Start page",
        lambda c: c.pages.show_page(START),
        "Ctrl+Shift+H",
        "Ways to begin, and recent work",
        "home",
    ),
    Row(
        "next_page",
        "Ne&xt page",
        lambda c: c.pages.step(1),
        "Ctrl+PgDown",
        "Go one page to the right",
        starts_group=True,
    ),
    Row("previous_page", "Pre&vious page", lambda c: c.pages.step(-1), "Ctrl+PgUp", "Go one page to the left"),
    Row(
        "refit",
        "Ref&it charts",
        lambda c: c.pages.page.refit(),
        "Ctrl+R",
        "Fit the page's charts to their data",
        "refresh",
    ),
    Row("reset_layout", "Reset &layout", lambda c: c.docks.reset(), tip="All panels to their places", icon="layout"),
    Row("full_screen", "F&ull screen", lambda c: c.toggle_full_screen(), "F11", icon="fullscreen", checkable=True),
)
_HELP = (
    Row("shortcuts", "&Shortcuts", lambda c: c.show_shortcuts(), "F1  ?", "Every key on one sheet", "keyboard"),
    Row("glossary", "&Glossary", lambda c: c.show_help(), "Shift+F1", "What the words mean", "help"),
    Row("documentation", "&Documentation", lambda c: c.show_help("training"), tip="All of it, offline", icon="info"),
    Row("reveal_logs", "Show the &log files", lambda c: c.reveal_logs(), tip="For reports of problems", icon="log"),
    Row("about", "&About MPT Studio", lambda c: c.about(), tip="Version and sources", icon="app"),
)
MENUS: dict[str, tuple[Row, ...]] = {
    "&File": _FILE,
    "&Update": _UPDATE,
    "V&ersions": _VERSIONS,
    "&Judge": _JUDGE,
    "&View": _VIEW,
    "&Help": _HELP,
}
ROWS = tuple(chain(*MENUS.values()))

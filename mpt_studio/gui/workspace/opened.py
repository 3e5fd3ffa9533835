"""What is open, selected and filtered: the state that the parts of the workspace share."""

from __future__ import annotations

from mpt_studio.gui.widgets.plain import listed
from mpt_studio.gui.workspace.workspace import Workspace


def why_waiting(workspace: Workspace) -> str:
    """Which checkpoints wait for images to answer on; empty where none does."""
    names = [version.label for version in workspace.waiting_for_data]
    if not names:
        return ""
    wait = "waits" if len(names) == 1 else "wait"
    return f"{listed(names)} {wait} for data: open the images that they should answer on."


def what_runs(workspace: Workspace) -> str:
    """What the comparison on show still needs; empty where versions are missing."""
    old, current = workspace.old, workspace.current
    if old is None or current is None:
        return ""
    unknown = [version.label for version in (old, current) if version.predictions is None]
    if unknown:
        return f"{' and '.join(unknown)}: being evaluated; the comparison appears here."
    return f"Comparing {current.label} with {old.label}…"

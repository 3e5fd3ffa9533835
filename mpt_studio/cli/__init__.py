"""The command line: a thin layer over ``jobs``."""

COMMANDS = (
    "update",
    "search",
    "train",
    "evaluate",
    "compare",
    "report",
    "classes",
    "runs",
    "inspect",
    "export",
    "check",
    "cache",
    "resume",
)

"""``--preset``: the values that a command's other options replace."""

from __future__ import annotations

import argparse

from mpt_studio.recipe import UpdateRecipe, preset


def preset_in(words: list[str]) -> UpdateRecipe:
    """The recipe of the preset that a command line names; the usual one where it names none."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--preset", nargs="?", default="")
    key = parser.parse_known_args(words)[0].preset or ""
    return preset(key).recipe if key else UpdateRecipe()

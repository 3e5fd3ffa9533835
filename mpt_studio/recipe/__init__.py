"""What is asked for: everything that decides the result of a training, an update or a search.

The options of the command line, the form in the window and the file on disk are the same thing.
"""

from mpt_studio.recipe.fields import Images, Model, Recipe, Role, Start, Training, UpdateRecipe, Words, words_of
from mpt_studio.recipe.presets import Preset, preset, presets
from mpt_studio.recipe.record import as_before, checked, from_json, from_record, to_json

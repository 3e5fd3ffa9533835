"""The Train page: the recipe as a form, the run that goes on, what flips now."""

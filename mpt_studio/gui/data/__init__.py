"""The data set: its panel, choosing one, what could not be read. Below versions."""

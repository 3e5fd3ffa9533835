"""Labelled images from a spec string: ``open_dataset("builtin")``."""

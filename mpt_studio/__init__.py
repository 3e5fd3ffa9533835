"""MPT Studio: replace a deployed image classifier without breaking what it got right."""

__version__ = "0.1.0"

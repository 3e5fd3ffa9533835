"""What a file's tensors are: architecture, head, class names and preprocessing, without trusting names alone."""

from mpt_studio.engine.recognise.describe import describe

__all__ = ["describe"]

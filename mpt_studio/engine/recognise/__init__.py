"""What a file's tensors are: architecture, head, class names and preprocessing, without trusting names alone.

Importing this package does not import torch: see ``intake``. May import ``networks``.
"""

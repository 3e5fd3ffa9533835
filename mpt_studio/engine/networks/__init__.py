"""Architectures and their weights. Knows no training and no reading of foreign files."""

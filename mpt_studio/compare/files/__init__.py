"""Comparisons and their samples as files, read and written; may use figures and knows no search."""

"""Comparisons and samples as files: tables, pictures, id lists, metadata. Above figures."""

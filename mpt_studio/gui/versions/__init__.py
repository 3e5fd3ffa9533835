"""Versions: their panel, what is asked about a file from elsewhere, the class doctor. Below the pages."""

"""Thumbnails and images as one service for every panel."""

"""Curves and the frontier; the only room with pyqtgraph."""

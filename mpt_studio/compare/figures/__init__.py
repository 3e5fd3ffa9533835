"""Figures over a comparison: classes, causes, the offset, the frontier, recommendation, judgement."""

"""Training one version: ``trainer`` first, then ``student``, ``losses``, ``materials``. Knows networks and machine."""

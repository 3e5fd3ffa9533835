"""Whatever runs outside the window's thread or process: the trainer, the worker, pool jobs."""

"""Jobs done by a cluster's workers. Nothing of a scheduler is ours: Dask starts, queues, retries and cancels.

Only this room imports Dask, and only once somebody asks for a cluster. A task is one run (or one evaluation), done on a
worker by a process of its own (``child``) into the store that all machines share; its events are read from there.
"""

"""Finding the best update: proposing what to train, judging it on the validation part, training the best again.

Each trial is a run of the store, trained as in an update. Only ``proposals`` imports Optuna, when a search runs.
"""

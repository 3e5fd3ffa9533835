"""The torch room: networks, training, evaluation, reading of weights."""

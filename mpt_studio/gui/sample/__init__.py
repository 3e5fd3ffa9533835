"""One image under all versions: the inspector, where versions look, neighbours, side by side."""

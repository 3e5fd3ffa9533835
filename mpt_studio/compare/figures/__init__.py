"""What is told of a comparison: its table of figures, classes, causes, offsets, advice, verdicts; knows no files and no search."""

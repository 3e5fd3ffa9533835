"""What is told of a comparison: figures, classes, causes, offsets, advice, verdicts; knows no files and no search."""

"""What panels are made of: theme, bars, matrix, messages, forms. Knows nothing of what is open."""

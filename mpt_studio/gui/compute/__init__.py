"""Where jobs are done: the choice, and the list of who works for the one that runs."""

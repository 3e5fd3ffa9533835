"""The main window: its table of pages, docks, actions, log, and what is dropped on it. Above every other room."""

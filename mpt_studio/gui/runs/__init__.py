"""The Runs page: every run and update of the store."""

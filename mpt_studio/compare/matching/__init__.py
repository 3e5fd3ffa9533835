"""Which sample and which class of one version is which of the other; knows nothing of comparisons."""

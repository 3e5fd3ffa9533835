"""The Flips page: facets, filters, the grid and the map of samples."""

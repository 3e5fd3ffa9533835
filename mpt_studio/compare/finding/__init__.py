"""Which samples and in which order: filters, their language, facets, sorting; may use figures and knows no files."""

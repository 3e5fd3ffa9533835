"""Which samples: filters, queries, sorting, counting. Above figures."""

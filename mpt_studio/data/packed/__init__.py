"""Images that lie many to a file: tar shards and Parquet. May import the rest of ``data``, as any data set does."""

"""Public corpora fetched: catalogue, download, unpacking."""

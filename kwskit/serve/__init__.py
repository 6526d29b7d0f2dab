"""A page to try keywords on: types, listens, searches. On this machine only, unless it is told otherwise."""

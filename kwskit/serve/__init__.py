"""Servers: a page to try keywords on, and wake words for homes. For this machine only, unless told otherwise."""

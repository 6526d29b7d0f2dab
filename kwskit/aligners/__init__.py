"""Aligners: audio frames re-sampled to the token axis, one a file."""

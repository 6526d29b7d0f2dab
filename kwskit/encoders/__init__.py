"""Acoustic and text encoders, one a file."""

"""NIST SPHERE audio, read and converted."""

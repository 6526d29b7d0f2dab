"""Keyword spotters behind one face, so that one loop measures them all."""

"""Spoken term detection: what is searched, queries, NIST's files."""

"""Trials, metrics, intervals and reports; knows no model, only score files."""

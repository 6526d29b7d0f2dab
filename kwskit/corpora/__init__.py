"""Layouts of public corpora: from folders as published to manifests, trials and searches."""

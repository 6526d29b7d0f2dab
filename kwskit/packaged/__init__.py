"""Models that come with the package: which there are, what their cards say, and whether their files are as released."""

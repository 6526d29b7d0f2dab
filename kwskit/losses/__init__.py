"""Losses, one a file. See :class:`kwskit.losses.base.PairwiseLoss` for writing a new one in 20 lines."""

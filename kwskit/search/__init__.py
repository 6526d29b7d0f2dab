"""Typed and spoken queries in recordings, for recipes; the index of archives is in kwskit.index."""

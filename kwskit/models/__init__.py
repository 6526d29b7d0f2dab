"""The packaged models, a directory each; :mod:`kwskit.packaged` finds them."""

"""The packaged models, a directory each; :mod:`kwskit.speech_model` finds them."""

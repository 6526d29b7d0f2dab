"""Speech corpora from synthesis engines: voices, casting, words and running speech."""

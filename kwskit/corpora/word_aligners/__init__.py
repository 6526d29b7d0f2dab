"""Word aligners, the registry's kind ``word_aligner``: what ``kwskit align --with`` can take, one a file."""

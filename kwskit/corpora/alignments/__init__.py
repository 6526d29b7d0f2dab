"""Word alignments: read in the formats of common aligners, found beside a corpus, or made."""

"""What holds everywhere."""

SAMPLE_RATE = 16_000  # Hz, of all speech that models hear

"""The parts of a small LibriSpeech and their speakers."""

PARTS = {
    "train-clean-100": {"84": ["banana window", "banana window"], "103": ["window banana", "silver"]},
    "dev-clean": {"1272": ["orange marble"]},
    "test-clean": {"61": ["banana castle"], "121": ["castle banana"]},
}

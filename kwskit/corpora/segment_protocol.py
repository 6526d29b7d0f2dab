"""Which parts of a corpus train, validate and test, and which stretches of them are segments."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SegmentProtocol:
    """Parts and segments of an experiment on LibriSpeech.

    Attributes
    ----------
    train, dev, test : parts of the corpus
    min_seconds, max_seconds : length of a segment
    least : occurrences that a word needs to be in the training
    held_back : whether readers of the training parts whom :mod:`~kwskit.corpora.held_back` keeps for dev and test are
        dev and test, and its test words are left out of the training
    """

    train: tuple[str, ...]
    dev: tuple[str, ...] = ("dev-clean",)
    test: tuple[str, ...] = ("test-clean",)
    min_seconds: float = 0.5
    max_seconds: float = 2.0
    least: int = 2
    held_back: bool = False


PROTOCOLS = {
    # Gundluru et al. 2025
    "jmcl": SegmentProtocol(("train-clean-100",), least=4),
    # Shin et al. 2022, training side; phrases of one to four words
    "libriphrase": SegmentProtocol(("train-clean-100", "train-clean-360"), least=2),
    # The open stand-in for King-ASR-066: as many words as LibriSpeech has, lengths ours (the papers do not tell theirs)
    "king": SegmentProtocol(
        ("train-clean-100", "train-clean-360", "train-other-500"), min_seconds=0.2, max_seconds=2.5, least=2
    ),
    # OpenSLR 31: 5 h and 2 h, for trying things out; lengths as of king
    "mini": SegmentProtocol(("train-clean-5",), (), ("dev-clean-2",), min_seconds=0.2, max_seconds=2.5, held_back=True),
}

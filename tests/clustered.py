"""What tests have a cluster do: it travels there by the name of this module."""

import os
import signal

from kwskit.corpora.alignments.forced_alignment import UtteranceAligner


def dies_once(marker, work, item):
    """``work(item)``; the first worker that has done a task is killed before it can say so."""
    result = work(item)
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return result
    os.kill(os.getpid(), signal.SIGKILL)


def always_dies(_):
    """What no worker survives."""
    os.kill(os.getpid(), signal.SIGKILL)


class EvenWords(UtteranceAligner):
    """Words of one length."""

    name = "even_words"

    def spells(self, words):
        return True

    def place(self, samples, words):
        share = len(samples) / 16_000 / len(words)
        return [(i * share, (i + 1) * share, None) for i in range(len(words))]


class Timekeeper:
    """Says how many samples there are."""

    def transcribe(self, samples):
        return f"{len(samples)} samples", 0.5

"""A typed word in somebody's sentence, among 300 words that are not in it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit import Spotter
from kwskit.corpora.alignments.transcripts import read_transcripts
from kwskit.corpora.common_voice import common_voice_clips
from kwskit.corpora.findings import Findings
from kwskit.corpora.held_back import has_test_word, part_of
from kwskit.corpora.librispeech import MINI, read_librispeech
from kwskit.corpora.speechocean762 import TRAIN, speechocean762_utterances
from kwskit.data.audio import read_blocks
from kwskit.text.normal_form import normal_form
from people.clip import Clip, some
from people.resampling import Resampling

SPEECH = "speech"
OTHERS = 300
SENTENCES = 200  # of a corpus
LETTERS = 4  # of a word, at least
LEAST = -20.0  # the score of a word that is found nowhere
GROUPS = ("gender", "accent", "age")


class SentenceTest:
    """Each sentence with one of its words and with 300 of others' words (AP, AUC, EER).

    Parameters
    ----------
    sentences : of held-back people
    labels : of each sentence, what is known of who speaks
    resamples, seed : of the intervals, whose draws are of speakers; ``seed`` also of the words
    """

    def __init__(self, sentences: list[Clip], labels: Sequence[Mapping[str, str]], resamples: int, seed: int):
        self.sentences, self.labels = sentences, labels
        rng = np.random.default_rng(seed)
        said = [normal_form(one.text).split() for one in sentences]
        words = sorted({word for own in said for word in own if len(word) >= LETTERS and not has_test_word(word)})
        places = {word: k for k, word in enumerate(words)}
        self.texts = words
        self.trials: list[tuple[int, int, int]] = []
        for row, own in enumerate(said):
            there = {places[word] for word in own if word in places}
            if there:
                others = np.setdiff1d(np.arange(len(words)), sorted(there))
                self.trials += [(row, int(rng.choice(sorted(there))), 1)]
                self.trials += [(row, int(k), 0) for k in rng.choice(others, min(OTHERS, len(others)), replace=False)]
        self._draws = Resampling([one.speaker for one in sentences], resamples, seed)

    def measure(self, directory: str) -> dict[str, Any]:
        """Figures of a model."""
        spotter = Spotter.load(directory)
        for text in self.texts:
            spotter.enrol(text, threshold=np.inf)
        scores = np.stack([self._scores(spotter, one.path) for one in self.sentences])
        row, text, target = np.array(self.trials).T
        result: dict[str, Any] = {"sentences": len(self.sentences), "words": len(self.texts)}
        result |= self._draws.detection(row, target, scores[row, text])
        return result | {"errors": dict(self._groups(row, text, target, scores))}

    def _groups(self, row: NDArray, text: NDArray, target: NDArray, scores: NDArray) -> Iterator[tuple[str, Any]]:
        for kind in GROUPS:
            known = np.array([one.get(kind, "") for one in self.labels])
            for name in sorted(set(known) - {""}):
                own = np.isin(row, np.flatnonzero(known == name))
                if target[own].sum() >= 20:  # fewer tell nothing
                    found = self._draws.detection(row[own], target[own], scores[row[own], text[own]])
                    yield f"{kind}: {name}", found | {"sentences": int((known == name).sum())}

    def _scores(self, spotter: Spotter, path: Path) -> NDArray[np.float32]:
        """(texts,) the highest score of each in a sentence."""
        stream = spotter.listen()
        best = np.full(len(self.texts), LEAST, np.float32)
        for block in read_blocks(path):
            stream.push(block)
            best = np.maximum(best, stream.heard.score.max(0, initial=LEAST))
        stream.finish()
        return np.maximum(best, stream.heard.score.max(0, initial=LEAST))


def sentence_tests(speech: Path, half: str, most: int | None, resamples: int, seed: int) -> dict[str, SentenceTest]:
    """By corpus, those of ``speech`` below the folder of people's speech that are there; most : sentences of each."""
    own: dict[str, list[dict[str, str]]] = {}
    for name, one in held_back_sentences(speech, half):
        own.setdefault(name, []).append(one)
    found = {}
    for name, rows in own.items():
        rows = some(rows, min(SENTENCES, most or SENTENCES))
        clips = [Clip(one["utterance"], Path(one["path"]), one["text"].lower(), one["speaker"]) for one in rows]
        found[name] = SentenceTest(clips, rows, resamples, seed)
    return found


def held_back_sentences(speech: Path, half: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The corpus, and ``utterance``, ``path``, ``text``, ``speaker`` and more, of each sentence of a half's people."""
    for name, table in _tables(speech / SPEECH):
        yield from ((name, one) for one in table if part_of(name, one["speaker"]) == half)


def _tables(speech: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    findings = Findings()
    if (speech / "common_voice").is_dir():
        yield "common_voice", common_voice_clips(speech / "common_voice", findings).to_pylist()
    if (speech / "speechocean762").is_dir():
        yield "speechocean762", speechocean762_utterances(speech / "speechocean762", findings, (TRAIN,)).to_pylist()
    part = next(iter(MINI))
    if (speech / "LibriSpeech" / part).is_dir():
        rows = read_librispeech(speech / "LibriSpeech", [part], findings).to_pylist()
        texts = read_transcripts(speech / "LibriSpeech" / part)
        yield (
            "librispeech",
            [one | {"text": " ".join(texts[one["utterance"]])} for one in rows if one["utterance"] in texts],
        )

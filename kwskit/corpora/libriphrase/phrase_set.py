"""A set of phrases as LibriPhrase is made (Shin et al. 2022), from any aligned speech, with a stored seed."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kwskit.corpora.libriphrase.phrase_pairs import EASY, HARD, LONGEST, PAIRS, POSITIVE, TARGETS
from kwskit.errors import CorpusError
from kwskit.text.g2p import G2P
from kwskit.text.phoneme_neighbours import PhonemeNeighbours, Refused
from kwskit.text.pronunciation import WORD_BOUNDARY

MOST_TRIES = 1000


@dataclass(frozen=True)
class PhraseSet:
    """How a set is drawn.

    A speaker's text is an episode when the speaker says it at least ``2 * pairs`` times and at least ``pairs`` others
    say it, as in the official script. It gives ``pairs`` anchors, which share ``pairs`` positives of different
    speakers; each anchor has ``pairs`` easy negatives, drawn among (speaker, text), and ``pairs`` hard ones, of the
    texts nearest in phonemes (without stress and word boundaries, the likeliest pronunciation; homophones are none).
    Other than the official script, it takes all comparisons from other speakers, compares phonemes and not their
    letters, counts every insertion and deletion, and draws with a seed.

    Parameters
    ----------
    seed : of every draw
    pairs : comparisons of each type of an anchor; 3 in the official set
    """

    seed: int
    pairs: int = 3

    def draw(self, phrases: pa.Table) -> pa.Table:
        """The rows of the set, the columns ``PAIRS``: phrases of one word first, then in the official order.

        Parameters
        ----------
        phrases : manifest of runs of words; the column ``split`` is the part of LibriSpeech

        Raises
        ------
        CorpusError
            When no speaker says a text often enough, or there are too few texts for negatives.
        """
        spaces = pc.count_substring(phrases["word"], " ")
        tables = [
            self._of_length(phrases.filter(pc.equal(spaces, words - 1)).combine_chunks(), words)
            for words in range(1, LONGEST + 1)
        ]
        pairs = pa.concat_tables(tables)
        if not len(pairs):
            raise CorpusError(
                f"no phrase set from {len(phrases):,} phrases: no text is said {2 * self.pairs} times by one speaker "
                f"and by {self.pairs} others beside {self.pairs} other texts"
            )
        return pairs

    def _of_length(self, phrases: pa.Table, words: int) -> pa.Table:
        empty = pa.schema(PAIRS).empty_table()
        if not len(phrases):
            return empty
        groups = _Groups(phrases)
        episodes = groups.episodes(2 * self.pairs, self.pairs)
        if not len(episodes) or len(groups.texts) <= self.pairs:
            return empty
        rng = np.random.default_rng([self.seed, words])
        asked = np.unique(groups.text[episodes])
        neighbours = PhonemeNeighbours(_phonemes(groups.texts))
        # Some to spare: a text that only the anchor's speaker says is none for that anchor.
        near = neighbours.nearest(asked, 3 * self.pairs, rng)
        near_of = dict(zip(asked.tolist(), near, strict=True))
        rows: list[tuple[int, int, str]] = []
        for group in episodes.tolist():
            text, speaker = int(groups.text[group]), int(groups.speaker[group])
            anchors = groups.segments(group)[rng.permutation(groups.sizes[group])[: self.pairs]]
            others = groups.of_text(text)
            others = others[groups.speaker[others] != speaker]
            positives = [groups.one_of(g, rng) for g in rng.permutation(others)[: self.pairs].tolist()]
            hard = near_of[text][[n >= 0 and groups.sole_speaker[n] != speaker for n in near_of[text].tolist()]]
            if len(hard) < self.pairs and near_of[text][-1] >= 0:
                hard = neighbours.nearest(np.array([text]), self.pairs, rng, groups.only_said_by(speaker))[0]
            for anchor in anchors.tolist():
                rows += [(anchor, positive, POSITIVE) for positive in positives]
                rows += [(anchor, other, EASY) for other in self._easy(groups, text, speaker, rng)]
                for other in hard[hard >= 0][: self.pairs].tolist():
                    said = groups.of_text(other)
                    said = said[groups.speaker[said] != speaker]
                    rows.append((anchor, groups.one_of(int(said[rng.integers(len(said))]), rng), HARD))
        return _as_pairs(phrases, rows, words)

    def _easy(self, groups: "_Groups", text: int, speaker: int, rng: np.random.Generator) -> list[int]:
        """Segments of other speakers and other texts, the speakers and texts drawn together."""
        chosen: dict[int, None] = {}
        for group in rng.integers(len(groups.sizes), size=MOST_TRIES).tolist():
            if groups.text[group] != text and groups.speaker[group] != speaker:
                chosen[group] = None
            if len(chosen) == self.pairs:
                break
        return [groups.one_of(group, rng) for group in chosen]


class _Groups:
    """Segments by text and speaker: a group is what one speaker says of one text."""

    def __init__(self, phrases: pa.Table):
        self.texts, text = _sorted_codes(phrases["word"])
        self.speakers, speaker = _sorted_codes(phrases["speaker"])
        key = text * len(self.speakers) + speaker
        self._order = np.argsort(key, kind="stable")
        groups, self._starts, self.sizes = np.unique(key[self._order], return_index=True, return_counts=True)
        self.text, self.speaker = np.divmod(groups, len(self.speakers))
        self._text_starts = np.searchsorted(self.text, np.arange(len(self.texts) + 1))
        voices = np.diff(self._text_starts)
        self.sole_speaker = np.where(voices == 1, self.speaker[self._text_starts[:-1]], -1)
        self._voices = voices

    def episodes(self, least: int, others: int) -> NDArray[np.int64]:
        """Groups of at least ``least`` segments whose text has at least ``others`` other speakers."""
        return np.flatnonzero((self.sizes >= least) & (self._voices[self.text] > others))

    def only_said_by(self, speaker: int) -> Refused:
        """Whether nobody else says a text, for :meth:`PhonemeNeighbours.nearest`."""
        return lambda _, texts: self.sole_speaker[texts] == speaker

    def segments(self, group: int) -> NDArray[np.int64]:
        """Rows of the phrases of a group."""
        return self._order[self._starts[group] : self._starts[group] + self.sizes[group]]

    def of_text(self, text: int) -> NDArray[np.int64]:
        """Groups of a text."""
        return np.arange(self._text_starts[text], self._text_starts[text + 1])

    def one_of(self, group: int, rng: np.random.Generator) -> int:
        """A row of a group."""
        return int(self._order[self._starts[group] + rng.integers(self.sizes[group])])


def _sorted_codes(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct values, sorted, and each row's place among them."""
    coded = column.combine_chunks().dictionary_encode()
    order = pc.array_sort_indices(coded.dictionary).to_numpy()
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return coded.dictionary.take(pa.array(order)).to_pylist(), place[coded.indices.to_numpy()]


def _phonemes(texts: list[str]) -> list[tuple[str, ...]]:
    """Phonemes of each text: its words' likeliest pronunciations, without stress and boundaries."""
    g2p = G2P(max_pronunciations=1)
    said = {
        word: tuple(phoneme.rstrip("012") for phoneme in g2p.pronunciations(word)[0] if phoneme != WORD_BOUNDARY)
        for word in sorted({word for text in texts for word in text.split()})
    }
    return [tuple(phoneme for word in text.split() for phoneme in said[word]) for text in texts]


def _as_pairs(phrases: pa.Table, rows: list[tuple[int, int, str]], words: int) -> pa.Table:
    """The official columns in the official order, every row with files of its own, numbered by utterance."""
    anchor, comparison = (np.array([row[side] for row in rows], np.int64) for side in (0, 1))
    kind = pa.array([row[2] for row in rows], pa.string())
    table = pa.table({"type": kind, "target": pa.array([TARGETS[row[2]] for row in rows], pa.int8())})
    seconds = pa.array(np.round(phrases["stop"].to_numpy() - phrases["start"].to_numpy(), 4))
    for side, at in (("anchor", pa.array(anchor)), ("comparison", pa.array(comparison))):
        table = table.append_column(side, pa.array(at))
        table = table.append_column(f"{side}_spk", phrases["speaker"].take(at))
        table = table.append_column(f"{side}_text", phrases["word"].take(at))
        table = table.append_column(f"{side}_dur", seconds.take(at))
    table = table.append_column("class", pa.repeat(pa.scalar(words, pa.int8()), len(table)))
    table = table.append_column("drawn", pa.array(np.arange(len(table))))
    keys = ("anchor_spk", "anchor_text", "target", "type", "comparison_spk", "drawn")
    table = table.sort_by([(key, "ascending") for key in keys])
    names: dict[str, list[str]] = {"anchor": [], "comparison": []}
    used: dict[str, int] = {}
    utterances = pc.replace_substring_regex(phrases["utt_id"], r"_\d+(_\d+)?$", "").to_pylist()
    parts = phrases["split"].to_pylist()
    for row in zip(table["anchor"].to_pylist(), table["comparison"].to_pylist(), strict=True):
        for side, at in zip(names, row, strict=True):
            utterance = utterances[at]
            speaker, chapter, _ = utterance.split("-")
            number = used.get(utterance, 0)
            used[utterance] = number + 1
            names[side].append(f"{parts[at]}/{speaker}/{chapter}/{utterance}_{words}word_{number}.wav")
    for side, column in names.items():
        table = table.set_column(table.column_names.index(side), side, pa.array(column, pa.string()))
    return table.select(list(PAIRS)).cast(pa.schema(PAIRS))

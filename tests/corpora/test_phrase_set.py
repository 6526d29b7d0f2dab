"""A set of phrases that is built as LibriPhrase's was."""

from collections import Counter
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from rapidfuzz.distance import Levenshtein

from kwskit.corpora.libriphrase.phrase_set import PhraseSet
from kwskit.errors import CorpusError
from kwskit.text.g2p import G2P

TEXTS = [
    "castle",
    "castles",
    "hassle",
    "banana",
    "bananas",
    "rocket",
    "rockets",
    "pocket",
    "red deer",
    "red beer",
    "read deer",
]


@pytest.fixture(scope="module")
def phrases():
    """Phrases of eight speakers, three to nine of each text."""
    rng = np.random.default_rng(2)
    rows = []
    for speaker, text in product(range(8), TEXTS):
        if (
            (speaker, text) == (3, "hassle")
            or (speaker > 1 and text == "read deer")
            or (speaker != 5 and text == "pocket")
        ):
            continue
        for _ in range(rng.integers(3, 10)):
            utterance = f"{speaker}-7-{rng.integers(40):04d}"
            start = round(float(rng.random() * 10), 2)
            rows.append(
                (f"{utterance}_{len(rows)}", f"/{utterance}.flac", start, start + 0.6, text, str(speaker), "dev")
            )
    names = ("utt_id", "path", "start", "stop", "word", "speaker", "split")
    return pa.table({name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})


def test_a_built_set_is_libriphrases(phrases):
    rows = PhraseSet(seed=3, pairs=2).draw(phrases).to_pylist()
    said = Counter(zip(phrases["speaker"].to_pylist(), phrases["word"].to_pylist(), strict=True))
    speakers = {text: {s for s, t in said if t == text} for text in TEXTS}
    episodes = {(s, t) for (s, t), count in said.items() if count >= 4 and len(speakers[t] - {s}) >= 2}
    # "read deer" sounds like "red deer", which leaves "red beer" as the only other text of two words.
    assert {(r["anchor_spk"], r["anchor_text"]) for r in rows} == episodes
    g2p = G2P()
    sound = {t: [p.rstrip("012") for p in g2p.pronunciations(t)[0] if p != "|"] for t in TEXTS}
    for speaker, text in episodes:
        own = [r for r in rows if (r["anchor_spk"], r["anchor_text"]) == (speaker, text)]
        by_type = {
            kind: [r for r in own if r["type"] == f"diffspk_{kind}"] for kind in ("positive", "easyneg", "hardneg")
        }
        assert len(by_type["positive"]) == 4
        assert len({r["comparison_spk"] for r in by_type["positive"]}) == 2
        assert {r["comparison_text"] for r in by_type["positive"]} == {text}
        assert all(r["comparison_text"] != text for r in by_type["easyneg"])
        assert all(r["comparison_spk"] != speaker for r in own)
        others = [t for t in TEXTS if t.count(" ") == text.count(" ") and speakers[t] - {speaker}]
        distances = sorted(d for t in others if (d := Levenshtein.distance(sound[text], sound[t])))
        found = sorted(Levenshtein.distance(sound[text], sound[r["comparison_text"]]) for r in by_type["hardneg"])
        assert found == sorted(distances[:2] * 2), (text, speaker)


def test_a_set_is_drawn_again_from_its_seed_alone(phrases):
    shuffled = phrases.take(pa.array(np.random.default_rng(0).permutation(len(phrases))))
    drawn = [
        PhraseSet(seed, 2).draw(table.sort_by("utt_id")) for seed, table in ((3, phrases), (3, shuffled), (4, phrases))
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    with pytest.raises(CorpusError, match=r"no text is said 40 times by one speaker and by 20 others"):
        PhraseSet(1, 20).draw(phrases)

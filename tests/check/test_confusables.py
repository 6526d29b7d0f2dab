"""What a keyword is confused with, against loops over a small vocabulary."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from kwskit.check.confusables import Confusables
from kwskit.check.phrase_candidates import phrase_candidates
from kwskit.check.predicted_embeddings import PredictedEmbeddings
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.spotter import Spotter
from kwskit.text.pronouncing_dictionary import PronouncingDictionary, cmudict
from kwskit.text.word_sounds import WordSounds, sound_distances, sound_of, word_sounds

VOCABULARY = (
    *("computer", "commuter", "computers", "compute", "tiger", "tigers", "tie", "tier", "time", "dire", "tire"),
    *("either", "ether", "knight", "night", "nova", "over", "an", "hay", "hey", "no", "banana", "window", "able"),
)


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabulary") / "small.dict"
    lines = []
    for word in VOCABULARY:
        for number, said in enumerate(cmudict().lookup(word), 1):
            lines.append(f"{word if number == 1 else f'{word}({number})'} {' '.join(said)}")
    path.write_text("\n".join(lines))
    return WordSounds(PronouncingDictionary(path))


@pytest.fixture(scope="module")
def spotter(sung_model):
    return Spotter(sung_model)


@pytest.fixture(scope="module")
def confusables(spotter, vocabulary):
    return Confusables(spotter, vocabulary)


def similarity(model, text, keyword):
    """Of typed embeddings: the cosine, and normalised by all words of the cohort but the keyword; one loop a step."""

    def best(row, other):
        return max(1 - cosine(row, model.embed_tokens([ids])[0]) for ids in model.tokenizer.encode(other))

    said = [model.embed_tokens([ids])[0] for ids in model.tokenizer.encode(text)]
    cosines = [best(row, keyword) for row in said]
    cohort = np.array([[best(row, word) for word in cohort_words(300) if word != keyword] for row in said])
    return max(cosines), max((np.array(cosines) - cohort.mean(1)) / cohort.std(1))


def contains(sound, keyword):
    return any(sound[i : i + len(keyword)] == keyword for i in range(len(sound)))


def plain(text, model):
    return [[symbol for symbol in model.tokenizer.decode(ids) if symbol != "|"] for ids in model.tokenizer.encode(text)]


@pytest.mark.parametrize("keyword", ["computer", "either", "able"])
def test_words_by_a_loop(spotter, confusables, keyword):
    model = spotter.model
    found = confusables.words(spotter.enrol(keyword, threshold=4.0), 100)
    own = plain(keyword, model)
    facts = {one.text: one for one in found}
    for word in VOCABULARY:
        sounds = plain(word, model)
        if word == keyword:
            assert word not in facts
        elif any(contains(said, part) and said != part for said in sounds for part in own):
            assert word not in facts, f"{word} has {keyword} within it"
    for one in found:
        wanted = similarity(model, one.text, keyword)
        np.testing.assert_allclose((one.cosine, one.score), wanted, atol=2e-4)
        assert one.same == any(said in own for said in plain(one.text, model))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert confusables.score(spotter.keywords[keyword], spotter.enrol("window", threshold=5)) == pytest.approx(
        similarity(model, "window", keyword)[1], abs=2e-4
    )


def test_words_that_sound_the_same(spotter, confusables):
    first = confusables.words(spotter.enrol("knight", threshold=4.0), 1)[0]
    assert (first.text, first.same, first.edits, first.cosine) == ("night", True, 0, pytest.approx(1))
    away = {one.text: one for one in confusables.words(spotter.enrol("tiger", threshold=4.0), 50)}
    assert away["tier"].edits == 3
    assert not away["tier"].same
    assert "tigers" not in away
    assert confusables.around(spotter.keywords["tiger"]) == ["tigers"]
    parts = dict(confusables.parts(spotter.enrol("computer", threshold=4.0), 3))
    assert list(parts) == ["compute"]
    assert parts["compute"] == pytest.approx(similarity(spotter.model, "compute", "computer")[1], abs=2e-4)


def test_phrases_by_brute_force(vocabulary):
    """All ways to part the sounds of a keyword into stretches, each with every word of about its length."""
    words = [sound_of(["HH", "EY"]), sound_of(["N", "OW", "V", "AH"])]
    sound, most = "".join(words), 3
    distances = {}
    for number in (2, most):
        for cut in itertools.combinations(range(1, len(sound)), number - 1):
            stretches = [sound[i:j] for i, j in itertools.pairwise((0, *cut, len(sound)))]
            choices = [
                [(row, int(sound_distances([part], [said])[0, 0])) for row, said in enumerate(vocabulary.sounds)
                 if abs(len(said) - len(part)) <= 1]
                for part in stretches
            ]  # fmt: skip
            for choice in itertools.product(*choices):
                rows = tuple(row for row, _ in choice)
                distance = sum(step for _, step in choice)
                distances[rows] = min(distance, distances.get(rows, distance))
    found = phrase_candidates(words, vocabulary, 12)
    assert len(found) == len(set(found)) == 12
    assert [distances[rows] for rows in found] == sorted(distances.values())[:12]
    assert " ".join(vocabulary.words(row)[0] for row in found[0]) == "hay nova"


def test_phrases_are_told_with_their_similarity(spotter, confusables):
    found = confusables.phrases(spotter.enrol("hey nova", threshold=4.0), 20)
    facts = {one.text: one for one in found}
    assert facts["hay nova"].same
    assert "hey nova" not in facts
    assert confusables.phrases(spotter.enrol("hay nova", threshold=4.0), 1)[0].text == "hey nova"
    for one in found[:5]:
        np.testing.assert_allclose((one.cosine, one.score), similarity(spotter.model, one.text, "hey nova"), atol=2e-4)
    assert "no over" in {one.text for one in confusables.phrases(spotter.enrol("nova", threshold=4.0), 100)}


def test_long_and_short_keywords_have_phrases_too(vocabulary):
    words = [sound_of(cmudict().lookup(word)[0]) for word in ("computer", "banana", "window", "tiger", "able")]
    phrases = [" ".join(vocabulary.words(row)[0] for row in rows) for rows in phrase_candidates(words, vocabulary, 5)]
    assert phrases[0] == "computer banana window tiger able"
    assert phrase_candidates([sound_of(["OW"])], vocabulary, 5) == []


def test_embeddings_are_predicted_well(sung_model):
    """Words that the regression has not seen, of the whole dictionary."""
    sounds = word_sounds()
    predicted = PredictedEmbeddings(sung_model, sounds)
    rows = np.random.default_rng(1).choice(np.arange(2_000, 110_000), 100, replace=False)
    wanted = [sung_model.embed_tokens([sung_model.tokenizer.encode(sounds.words(row)[0])[0]])[0] for row in rows]
    guessed = predicted.of([sounds.sounds[row] for row in rows])
    np.testing.assert_allclose(np.linalg.norm(guessed, axis=1), 1, atol=1e-5)
    assert np.mean((guessed * wanted).sum(1)) > 0.85
    np.testing.assert_array_equal(predicted.everything[rows], predicted.of([sounds.sounds[row] for row in rows]))


def test_changes_of_a_phrase_by_a_loop(spotter, confusables):
    model, keyword = spotter.model, spotter.enrol("hey computer", threshold=4.0)
    found = dict(confusables.changes(keyword))
    assert {"hey", "computer"} <= found.keys()  # without one of its words
    near = {place: {text.split()[place] for text in found if len(text.split()) == 2} for place in (0, 1)}
    assert near[0] & {"hay"} == set()  # which sounds as the word does
    assert "commuter" in near[1]
    for text, score in found.items():
        words = text.split()
        assert len(words) == 1 or sum(a != b for a, b in zip(words, ("hey", "computer"), strict=True)) == 1
        assert score == pytest.approx(similarity(model, text, "hey computer")[1], abs=2e-4)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert confusables.changes(spotter.enrol("computer", threshold=4.0)) == []

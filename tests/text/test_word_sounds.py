"""Words by their sounds, against loops."""

import itertools

import pytest

from kwskit.text.phoneme_distance import edit_distances, phoneme_characters
from kwskit.text.pronouncing_dictionary import PronouncingDictionary, cmudict
from kwskit.text.pronunciation import STRESSLESS
from kwskit.text.word_sounds import ALIKE, WordSounds, phonemes_of, sound_distances, sound_of, word_sounds

LINES = """\
over OW1 V ER0
nova N OW1 V AH0
casanova K AE2 S AH0 N OW1 V AH0
novak N OW1 V AE2 K
read R EH1 D
read(2) R IY1 D
red R EH1 D # the colour
reed R IY1 D
reed's R IY1 D Z
reads R IY1 D Z
b. B IY1
mm M
an AE1 N
hey HH EY1
hay HH EY1
no N OW1
"""
WORDS = ("over", "nova", "casanova", "novak", "read", "red", "reed", "reads", "an", "hey", "no")


@pytest.fixture
def few(tmp_path):
    path = tmp_path / "few.dict"
    path.write_text(LINES)
    return WordSounds(PronouncingDictionary(path))


def naive(one, other):
    """Levenshtein by the textbook's table."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            last, row[j] = row[j], min(last + (left != right), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def broad(phonemes):
    return [next(group for group in ALIKE if phoneme in group.split()) for phoneme in phonemes]


def test_every_phoneme_is_in_one_group():
    assert sorted(" ".join(ALIKE).split()) == sorted(STRESSLESS)


def test_edit_distances():
    sequences = ["P L EY", "P R EY", "P L EY ER", "T", "OW V ER"]
    codes = phoneme_characters(STRESSLESS)
    texts = ["".join(codes[p] for p in sequence.split()) for sequence in sequences]
    want = [[naive(one.split(), other.split()) for other in sequences] for one in sequences]
    assert edit_distances(texts, texts).tolist() == want


def test_nearest_by_a_loop(few):
    query = "N OW AH"
    sounds = [phonemes_of(sound) for sound in few.sounds]
    assert [len(sound) for sound in sounds] == sorted(len(sound) for sound in sounds)
    wanted = [naive(query.split(), said) + naive(broad(query.split()), broad(said)) for said in sounds]
    assert sound_distances([sound_of(query.split())], few.sounds)[0].tolist() == wanted
    rows, distances = few.nearest(sound_of(query.split()), 4)
    assert distances == sorted(wanted)[:4]
    assert [wanted[row] for row in rows] == distances
    assert few.words(rows[0]) == ["no"]


def test_close_looks_at_like_lengths(few):
    queries = [sound_of(["N", "OW", "V", "AH"]), sound_of(["AE"]), sound_of(["OW", "F", "AH"])]
    for query, (rows, distances) in zip(queries, few.close(queries, 3), strict=True):
        near = [row for row, sound in enumerate(few.sounds) if abs(len(sound) - len(query)) <= 1]
        wanted = sorted(int(sound_distances([query], [few.sounds[row]])[0, 0]) for row in near)[:3]
        assert distances == wanted
        assert set(rows) <= set(near)


def test_words_of_a_sound(few):
    by_sound = {" ".join(phonemes_of(sound)): few.words(row) for row, sound in enumerate(few.sounds)}
    assert by_sound["R EH D"] == ["red", "read"]  # the shorter first
    assert by_sound["R IY D"] == ["reed", "read"]  # it is the second pronunciation of "read"
    assert by_sound["R IY D Z"] == ["reads", "reed's"]
    assert by_sound["HH EY"] == ["hay", "hey"]
    assert "M" not in by_sound  # "mm" has no vowel letter
    assert "B IY" not in by_sound


def test_around_and_inside_by_loops(few):
    said = {word: phonemes_of(sound) for row, sound in enumerate(few.sounds) for word in few.words(row)[:1]}
    for word, phonemes in said.items():
        parts = {phonemes[i:j] for i, j in itertools.combinations(range(len(phonemes) + 1), 2)}
        inside = {other for other, sound in said.items() if sound in parts and other != word}
        around = {
            other
            for other, sound in said.items()
            if other != word and any(sound[i : i + len(phonemes)] == phonemes for i in range(len(sound)))
        }
        assert {few.words(row)[0] for row in few.inside(sound_of(phonemes))} == inside
        assert {few.words(row)[0] for row in few.around(sound_of(phonemes))} == around
    assert [few.words(row)[0] for row in few.around(sound_of(said["nova"]))] == ["casanova"]


def test_stress_and_boundaries_do_not_sound():
    assert sound_of(["HH", "EY1", "|", "N", "OW1", "V", "AH0"]) == sound_of(["HH", "EY0", "N", "OW2", "V", "AH1"])
    assert phonemes_of(sound_of(["HH", "EY1", "|", "N", "OW1"])) == ("HH", "EY", "N", "OW")


def test_the_whole_dictionary():
    sounds = word_sounds()
    assert len(sounds.sounds) > 110_000
    assert len(sounds.sounds) == len(set(sounds.sounds))
    assert sum(len(sounds.words(row)) for row in range(0, len(sounds.sounds), 100)) > 1_100
    row = sounds.nearest(sound_of(cmudict().lookup("nova")[0]), 1).rows[0]
    assert "nova" in sounds.words(row)

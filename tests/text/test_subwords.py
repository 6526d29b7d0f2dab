import itertools
import subprocess
import sys

import pytest
import sentencepiece

from kwskit import registry
from kwskit.errors import UnpronounceableText
from kwskit.hparams import plain_value
from kwskit.stages.fitted_tokenizer import fit_tokenizer
from kwskit.text.pronouncing_dictionary import cmudict
from kwskit.text.subwords import LETTERS, learn_subwords
from kwskit.untrusted_yaml import load_parts

WORDS = [word for word in cmudict().words() if word.isalpha()][::150]


@pytest.fixture(scope="module")
def tokenizer():
    arguments = registry.get("tokenizer", "subword").cls.fit(WORDS, vocab_size=200)
    return registry.build("tokenizer", "subword", vocab_size=200, **arguments)


def test_same_pieces_every_time_and_never_more_than_asked(tokenizer):
    pieces = learn_subwords(WORDS, 196)
    assert [piece.split(" ")[0] for piece in pieces] == tokenizer.symbols[4:]
    assert pieces == learn_subwords(WORDS, 196)
    assert len(pieces) == 196
    assert tokenizer.symbols[:4] == ["<pad>", "<unk>", "<s>", "</s>"]
    assert tuple(tokenizer.symbols[4:32]) == LETTERS
    assert max(map(len, tokenizer.symbols[4:])) > 2


def test_splits_as_sentencepiece_does(tmp_path):
    """On a model without any cut, against sentencepiece's own decoder."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(WORDS),
        model_prefix=str(tmp_path / "m"),
        model_type="unigram",
        vocab_size=203,
        num_threads=1,
        character_coverage=1.0,
        normalization_rule_name="identity",
        minloglevel=2,
    )
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "m.model"))
    pieces = [f"{theirs.id_to_piece(i)} {theirs.get_score(i):.9g}" for i in range(3, 203)]
    ours = registry.build("tokenizer", "subword", pieces=pieces)
    for text in [*WORDS[::10], "hello world"]:
        assert ours.decode(ours.encode(text)[0]) == theirs.encode(text, out_type=str)


def test_the_likeliest_of_all_splits():
    scores = {"▁": -1.0, "a": -2.0, "b": -2.5, "ab": -3.0, "▁a": -2.5, "ba": -4.0, "bab": -5.5}
    pieces = [f"{piece} {score}" for piece, score in scores.items()]
    tokenizer = registry.build("tokenizer", "subword", pieces=pieces)
    for letters in itertools.product("ab", repeat=5):
        word = "▁" + "".join(letters)
        cuts = itertools.chain.from_iterable(itertools.combinations(range(1, 6), n) for n in range(6))
        splits = [[word[i:j] for i, j in itertools.pairwise((0, *cut, 6))] for cut in cuts]
        best = max(sum(map(scores.__getitem__, split)) for split in splits if scores.keys() >= set(split))
        found = tokenizer.decode(tokenizer.encode(word[1:])[0])
        assert "".join(found) == word
        assert sum(map(scores.__getitem__, found)) == pytest.approx(best)


def test_phrases_numbers_and_foreign_letters(tokenizer):
    assert "".join(tokenizer.decode(tokenizer.encode("Café-bar 2")[0])) == "▁cafe▁bar▁two"
    with pytest.raises(UnpronounceableText):
        tokenizer.encode("???")
    with pytest.raises(UnpronounceableText, match="no subwords write 'b'"):
        registry.build("tokenizer", "subword", pieces=["▁ -1", "a -1"]).encode("b")


def test_training_fills_the_pieces_in():
    text = "tokenizer: !tokenizer:subword {vocab_size: 64}\nseed: 1\n"
    fitted = fit_tokenizer(text, WORDS)
    # Words that YAML takes for truth values and numbers are pieces too.
    tokenizer = load_parts(fitted, "model.yaml")["tokenizer"]
    assert tokenizer.size == 64
    assert plain_value(fitted, "seed") == 1
    assert fit_tokenizer(fitted, ["other"]) == fitted
    kept = "tokenizer: !tokenizer:character {}\n"
    assert fit_tokenizer(kept, WORDS) == kept


@pytest.mark.parametrize("piece", ["no", "y", "null", "on", "e"])
def test_pieces_that_yaml_would_take_for_something_else(piece):
    text = fit_tokenizer(f"tokenizer: !tokenizer:subword {{pieces: [{piece} -1, ▁ -2]}}\n", [])
    assert load_parts(text, "model.yaml")["tokenizer"].symbols[4:] == [piece, "▁"]


def test_twelve_words_are_enough():
    pieces = learn_subwords(["banana", "kitten", "window", "marble"], 496)
    assert len(LETTERS) < len(pieces) < 496


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: registry.build("tokenizer", "subword"), "kwskit train"),
        (lambda: registry.build("tokenizer", "subword", vocab_size=5, pieces=["a -1", "b -1"]), "more than vocab_size"),
        (lambda: learn_subwords(WORDS, 20), "at least 28"),
        (lambda: learn_subwords([], 100), "no words"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_model_with_pieces_needs_no_sentencepiece():
    code = (
        "import sys; sys.modules['sentencepiece'] = None\n"
        "from kwskit import registry\n"
        "print(registry.build('tokenizer', 'subword', pieces=['▁ -1', 'a -1']).encode('aa'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[[4, 5, 5]]"

import json

import pytest

from kwskit.errors import ModelError, UnpronounceableText
from kwskit.registry import build
from kwskit.text.pronouncing_dictionary import cmudict

WORDS = [word for word in cmudict().words() if word.isalpha()][::400]
LETTERS = [*"abcdefghijklmnopqrstuvwxyz'"]
SPECIAL = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]"]
PIECES = [
    *SPECIAL,
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS),
    "ban",
    "##an",
    "##ana",
    "hey",
    "no",
    "nov",
    "##va",
]


@pytest.fixture
def vocabulary(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    return tmp_path / "vocab.txt"


def pieces_of(tokenizer, text):
    (ids,) = tokenizer.encode(text)
    return tokenizer.decode(ids)


def test_the_longest_piece_first(vocabulary):
    tokenizer = build("tokenizer", "word_piece", vocabulary=str(vocabulary))
    assert tokenizer.size == len(PIECES)
    assert pieces_of(tokenizer, "Hey, nova!") == ["hey", "nov", "##a"]
    assert pieces_of(tokenizer, "banana") == ["ban", "##ana"]
    assert pieces_of(tokenizer, "don't") == ["d", "##o", "##n", "'", "t"]
    assert pieces_of(tokenizer, "2") == ["t", "##w", "##o"]
    assert pieces_of(tokenizer, "no-ban") == ["no", "ban"]


def test_as_the_library_of_tokenizers_does(vocabulary):
    tokenizers = pytest.importorskip("tokenizers")
    rare = [f"{'##' if k % 2 else ''}{word[:4]}" for k, word in enumerate(WORDS[::3])]
    pieces = list(dict.fromkeys([*PIECES, *rare]))
    vocabulary.write_text("\n".join(pieces) + "\n")
    ids = {piece: index for index, piece in enumerate(pieces)}
    theirs = tokenizers.Tokenizer(tokenizers.models.WordPiece(ids, unk_token="[UNK]"))
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    ours = build("tokenizer", "word_piece", vocabulary=str(vocabulary))
    for text in [*WORDS, "don't ban nova", " ".join(WORDS[:5])]:
        assert ours.encode(text) == [theirs.encode(text).ids], text


def test_a_directory_has_it_as_text_or_as_json(vocabulary, tmp_path):
    from_file = build("tokenizer", "word_piece", vocabulary=str(vocabulary))
    assert build("tokenizer", "word_piece", vocabulary=str(tmp_path)).symbols == from_file.symbols
    vocabulary.unlink()
    ids = {piece: index for index, piece in enumerate(PIECES)}
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"type": "WordPiece", "vocab": ids}}))
    assert build("tokenizer", "word_piece", vocabulary=str(tmp_path)).symbols == from_file.symbols


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[UNK]\n[PAD]\n[CLS]\n[SEP]\n", r"vocab\.txt is no vocabulary of word pieces: \[PAD\] is the first"),
        ("[PAD]\na\n", "no vocabulary of word pieces"),
        ("[PAD]\n[CLS]\n[SEP]\na\na\n", "no vocabulary of word pieces"),
        ("", "no vocabulary of word pieces"),
    ],
)
def test_what_is_no_vocabulary(vocabulary, content, message):
    vocabulary.write_text(content)
    with pytest.raises(ModelError, match=message):
        build("tokenizer", "word_piece", vocabulary=str(vocabulary))


def test_what_no_directory_holds(tmp_path):
    with pytest.raises(ModelError, match=r"lacks vocab\.txt and tokenizer\.json"):
        build("tokenizer", "word_piece", vocabulary=str(tmp_path))
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE", "vocab": {"a": 0}}}))
    with pytest.raises(ModelError, match="another kind than word pieces"):
        build("tokenizer", "word_piece", vocabulary=str(tmp_path))
    with pytest.raises(ModelError, match="no directory, and no name owner/name"):
        build("tokenizer", "word_piece", vocabulary=str(tmp_path / "nowhere"))


def test_what_no_piece_writes(vocabulary):
    vocabulary.write_text("\n".join([*SPECIAL, "n", "##o"]) + "\n")
    tokenizer = build("tokenizer", "word_piece", vocabulary=str(vocabulary))
    assert pieces_of(tokenizer, "no") == ["n", "##o"]
    with pytest.raises(UnpronounceableText, match="no word pieces write 'nova'"):
        tokenizer.encode("nova")

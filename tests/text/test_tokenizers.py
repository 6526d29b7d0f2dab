import pytest

from kwskit import registry
from kwskit.errors import UnpronounceableText
from kwskit.text.phoneme_tokenizer import PhonemeTokenizer
from kwskit.text.pronunciation import WORD_BOUNDARY

CONSONANTS = ["B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N"]
CONSONANTS += ["NG", "P", "R", "S", "SH", "T", "TH", "V", "W", "Y", "Z", "ZH"]
VOWELS = ["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"]


@pytest.mark.parametrize(
    ("name", "arguments", "size"),
    [("phoneme", {}, 75), ("phoneme", {"stress": False}, 44), ("character", {}, 32)],
)
def test_contract(name, arguments, size):
    tokenizer = registry.build("tokenizer", name, **arguments)
    assert tokenizer.size == len(tokenizer.symbols) == len(set(tokenizer.symbols)) == size
    assert tokenizer.symbols[:4] == ["<pad>", "<unk>", "<s>", "</s>"]
    for text in ["hello", "hey nova", "it's 5 o'clock", "I", "zig-zaggy"]:
        encoded = tokenizer.encode(text)
        assert encoded
        for ids in encoded:
            assert [tokenizer.symbols.index(symbol) for symbol in tokenizer.decode([*ids, 0])] == ids
    for text in ["", "???", "中文"]:
        with pytest.raises(UnpronounceableText):
            tokenizer.encode(text)


def test_phoneme_inventory():
    """24 consonants, 15 vowels by three stresses and a bare UW; 39 without stress."""
    with_stress = PhonemeTokenizer().symbols[4:]
    assert with_stress[-1] == WORD_BOUNDARY
    assert with_stress[:3] == ["AA0", "AA1", "AA2"]
    assert len([symbol for symbol in with_stress if symbol[-1] in "012"]) == 45
    assert {symbol.rstrip("012") for symbol in with_stress[:-1]} == {*CONSONANTS, *VOWELS}
    assert PhonemeTokenizer(stress=False).symbols[4:-1] == sorted(CONSONANTS + VOWELS)


def test_stress_and_its_absence():
    plain, stressed = PhonemeTokenizer(stress=False), PhonemeTokenizer()
    assert [stressed.decode(ids) for ids in stressed.encode("hello")] == [
        ["HH", "AH0", "L", "OW1"],
        ["HH", "EH0", "L", "OW1"],
    ]
    assert plain.decode(plain.encode("hello")[0]) == ["HH", "AH", "L", "OW"]
    # IH1 T and IH0 T
    assert len(stressed.encode("it")) == 2
    assert len(plain.encode("it")) == 1


def test_remembered_ids_cannot_be_spoilt():
    tokenizer = PhonemeTokenizer()
    tokenizer.encode("hello")[0].append(99)
    assert 99 not in tokenizer.encode("hello")[0]


def test_one_phoneme_is_allowed_and_warned_of_once(caplog):
    tokenizer = PhonemeTokenizer()
    assert len(tokenizer.encode("I")[0]) == 1
    tokenizer.encode("I")
    assert len([record for record in caplog.records if "single phoneme" in record.message]) == 1


def test_a_lexicon_without_stress(tmp_path):
    path = tmp_path / "my.tsv"
    path.write_text("nova\tN OW V AH\n")
    plain = PhonemeTokenizer(stress=False, lexicon=str(path))
    assert plain.decode(plain.encode("nova")[0]) == ["N", "OW", "V", "AH"]
    with pytest.raises(ValueError, match=r"'nova'.*phoneme 'OW' needs a stress digit.*my\.tsv"):
        PhonemeTokenizer(lexicon=str(path)).encode("nova")


def test_characters():
    tokenizer = registry.build("tokenizer", "character")
    assert "".join(tokenizer.decode(tokenizer.encode("Don't STOP-Café 2")[0])) == "don't stop cafe two"

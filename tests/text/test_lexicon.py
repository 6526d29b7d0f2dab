import pytest

from kwskit.errors import UnpronounceableText
from kwskit.text.g2p import G2P
from kwskit.text.lexicon import LexiconError, read_lexicon, write_lexicon


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
        ("a\tAH0\nb B IY1\n", "line 2: expected 'word<TAB>PH PH ...'"),
        ("b\t \n", "line 1: expected"),
        ("\tB IY1\n", "line 1: expected"),
        ("#x\nb\tB IY7\n", "line 2: 'IY7' is not an ARPAbet phoneme"),
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

"""WSJ's transcripts: what counts as a word, and which file overrules."""

import pytest

from kwskit.corpora.findings import Findings
from kwskit.corpora.wsj_transcripts import spoken_words, wsj_transcripts
from kwskit.errors import CorpusError


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("The *female* <produces> a li:tter", "the female produces a litter"),
        ('Mr\\. [loud_breath] Jones , ,COMMA said "DOUBLE-QUOTE .', "mr jones comma said double quote"),
        ("San fran(cisco)- Francisco -ment --DASH %PERCENT ~", "san francisco dash percent"),
        ("it's A\\. T\\. &AMPERSAND T\\.", "it's a t ampersand t"),
        ("[<door_slam] [door_slam>] .", ""),
    ],
)
def test_words_that_were_spoken(line, words):
    assert spoken_words(line) == words


def test_dot_overrules_lsn_and_the_rest_is_found(tmp_path):
    (tmp_path / "11-14.1/wsj0").mkdir(parents=True)
    (tmp_path / "11-14.1/wsj0/440c0400.lsn").write_text("ONE TWO (440C0401)\nTHREE (440C0402)\n")
    (tmp_path / "11-14.1/wsj0/440C0400.DOT").write_text(
        "One [breath] two three (440c0401)\n\nno id\n[cough] (440c0403)\n"
    )
    findings = Findings()
    table = wsj_transcripts(tmp_path, findings)
    assert table.to_pydict() == {"utterance": ["440c0401", "440c0402"], "text": ["one two three", "three"]}
    assert findings.counts == {
        "lines that are no transcript": 1,
        "utterances in whose transcript there is no word": 1,
    }
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no transcripts"):
        wsj_transcripts(tmp_path / "empty", Findings())

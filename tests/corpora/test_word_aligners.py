"""Word aligners are parts: listed without their packages, taken by name, and a plugin's like the built-in ones."""

import csv
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from kwskit.cli import main

# Every word has the same share of the recording.
PLUGIN = '''
from kwskit.corpora.alignments.forced_alignment import UtteranceAligner
from kwskit.registry import register


@register("word_aligner", "even")
class EvenAligner(UtteranceAligner):
    """Words of one length."""

    name = "even"

    def __init__(self, model: str = "plain"):
        self._score = 0.25 if model == "quarter" else None

    def spells(self, words):
        return "zzz" not in words

    def place(self, samples, words):
        share = len(samples) / 16_000 / len(words)
        return [(i * share, (i + 1) * share, self._score) for i in range(len(words))]
'''


@pytest.fixture
def command(tmp_path, scratch_registry):
    """``kwskit align`` of one second with four words, and a second utterance that nobody can spell."""
    (tmp_path / "even.py").write_text(PLUGIN)
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("a", "b"):
        soundfile.write(folder / f"{name}.wav", np.zeros(16_000), 16_000)
    (folder / "said.trans.txt").write_text("a ONE LITTLE WORD MORE\nb ZZZ\n")
    return ["align", "--corpus", str(folder), "--to", str(tmp_path / "out"), "--plugin", str(tmp_path / "even.py")]


def test_a_plugin_aligns(command, tmp_path, capsys):
    assert main([*command, "--with", "even", "--model", "quarter"]) == 0
    assert "1 transcripts that the aligner cannot spell: b: zzz" in capsys.readouterr().out
    with (tmp_path / "out/even_000000.csv").open(newline="") as source:
        rows = list(csv.DictReader(source))
    assert [row["text"] for row in rows] == ["one", "little", "word", "more"]
    assert {row["audio_filename"] for row in rows} == {"a.wav"}
    assert [float(row["start"]) for row in rows] == [0, 0.25, 0.5, 0.75]
    assert [float(row["end"]) for row in rows] == [0.25, 0.5, 0.75, 1]
    assert {float(row["score"]) for row in rows} == {0.25}
    assert main([*command, "--with", "even"]) == 0
    assert "1 of 2 utterances are there already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--with", "evn"], "unknown word_aligner 'evn' (did you mean 'even'?); known: "),
        (["--with", "even", "--device", "cpu"], "word_aligner 'even' has no argument 'device'; it takes: model"),
        (["--with", "pocketsphinx", "--device", "cpu"], "'pocketsphinx' has no argument 'device'; it takes: jobs"),
    ],
)
def test_wrong_names_and_settings_of_another_aligner_are_refused(command, tmp_path, capsys, flags, message):
    assert main([*command, *flags]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_listing_them_imports_none_of_their_packages():
    code = (
        "import sys\nfrom kwskit import registry\n"
        "print(*(part.name for part in registry.parts('word_aligner')))\n"
        "sys.exit(', '.join({'torch', 'torchaudio', 'pocketsphinx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""
    assert {"ctc", "mfa", "pocketsphinx"} <= set(done.stdout.split())

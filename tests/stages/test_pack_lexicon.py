"""Words that English cannot read out stop no packing."""

import numpy as np
import pyarrow as pa
import soundfile

from kwskit.data.records import write_records
from kwskit.stages.pack import pack_corpus
from kwskit.text.lexicon import read_lexicon


def test_words_of_another_script_are_left_out_of_the_lexicon(tmp_path, sing, capsys):
    soundfile.write(tmp_path / "a.wav", sing("lemon", 0, 0), 16000)
    words = ["lemon", "привет", "straße"]
    columns = {"utt_id": ["a", "b", "c"], "path": ["a.wav"] * 3, "start": [0.0] * 3, "stop": [0.2] * 3, "word": words}
    table = pa.table({**columns, "speaker": ["s"] * 3, "split": ["train"] * 3})
    write_records(tmp_path / "manifests/train.tsv", "manifest", table)
    pack_corpus(tmp_path, jobs=1)
    assert set(read_lexicon(tmp_path / "lexicon.tsv")) == {"lemon", "straße"}
    assert "lexicon: 1 words without an English pronunciation" in capsys.readouterr().out


def test_the_lexicon_of_utterances_has_their_words(tmp_path, sing):
    soundfile.write(tmp_path / "a.wav", np.concatenate([sing("lemon", 0, 0), sing("velvet", 0, 0)]), 16000)
    columns = {"utt_id": ["a"], "path": ["a.wav"], "start": [0.0], "stop": [0.4], "word": ["lemon velvet"]}
    table = pa.table({**columns, "speaker": ["s"], "split": ["train"]})
    write_records(tmp_path / "manifests/train.tsv", "manifest", table)
    words = {"utt_id": ["a", "a"], "word": ["lemon", "velvet"], "start": [0.0, 0.2], "stop": [0.2, 0.4]}
    write_records(tmp_path / "words/train.tsv", "words", pa.table(words))
    pack_corpus(tmp_path, jobs=1)
    assert set(read_lexicon(tmp_path / "lexicon.tsv")) == {"lemon", "velvet"}

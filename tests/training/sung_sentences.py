"""A corpus of sung sentences, whose words are spans of them."""

import numpy as np
import pyarrow as pa
import soundfile

from kwskit.data.records import write_records
from kwskit.data.store.packing import pack_manifest

WORDS = ["banana", "kitten", "window", "marble", "forest", "silver", "pencil", "garden", "thunder", "velvet"]


def sentences(sing):
    """(utt_id, samples, words with their times) of 20 sentences of two to four words, by four speakers."""
    rng = np.random.default_rng(0)
    for number in range(20):
        pieces, words, at = [np.zeros(1600, np.float32)], [], 1600
        for word in rng.choice(WORDS, int(rng.integers(2, 5))):
            wav = sing(str(word), number % 4, number)
            words.append((str(word), at / 16000, (at + len(wav)) / 16000))
            pieces += [wav, np.zeros(800, np.float32)]
            at += len(wav) + 800
        yield f"sentence-{number}", np.concatenate(pieces), words


def write_sentences(folder, mini_corpus, sing):
    """The miniature corpus' dev words and trials, and sentences to train on."""
    rows, spoken = [], []
    for name, wav, words in sentences(sing):
        soundfile.write(folder / f"{name}.wav", wav, 16000)
        text = " ".join(word for word, _, _ in words)
        rows.append((name, f"{name}.wav", 0.0, len(wav) / 16000, text, f"s{len(rows) % 4}", "train"))
        spoken += [(name, *word) for word in words]
    for kind, place, names, table in (
        ("manifest", "manifests", ("utt_id", "path", "start", "stop", "word", "speaker", "split"), rows),
        ("words", "words", ("utt_id", "word", "start", "stop"), spoken),
    ):
        columns = dict(zip(names, map(list, zip(*table, strict=True)), strict=True))
        for key in {"path"} & columns.keys():
            columns[key] = [str(folder / path) for path in columns[key]]
        write_records(folder / place / "train.tsv", kind, pa.table(columns))
    pack_manifest(folder / "manifests/train.tsv", folder / "store/train", workers=1, progress=False)
    (folder / "store/dev").symlink_to(mini_corpus / "store/dev")
    (folder / "trials").symlink_to(mini_corpus / "trials")

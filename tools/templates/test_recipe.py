"""Stage 1 of the recipe my_part, on the corpus that stage 0 makes: nobody and no word is in two splits."""

import subprocess
import sys
from pathlib import Path

from kwskit.data.records import read_records

HERE = Path(__file__).parent


def test_splits_share_neither_words_nor_speakers(tmp_path):
    for script, *arguments in (["make_corpus.py", tmp_path], ["prepare.py", "--data", tmp_path]):
        subprocess.run([sys.executable, HERE / script, *arguments], check=True)
    seen: dict[str, str] = {}
    for split in ("train", "dev", "test"):
        table, _ = read_records(tmp_path / f"manifests/{split}.tsv", "manifest")
        assert len(table) > 0
        for column in ("word", "speaker"):
            for value in set(table[column].to_pylist()):
                assert seen.setdefault(f"{column} {value}", split) == split

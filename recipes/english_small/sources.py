"""What a model of this recipe was trained on, for its card."""

from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from kwskit.data.records import read_records

# By the beginning of the names of speakers: corpus or engine, and licence.
LICENCES = {
    "librispeech": ("mini LibriSpeech", "CC-BY-4.0"),
    "common_voice": ("Mozilla Common Voice", "CC0-1.0"),
    "speechocean762": ("speechocean762", "free for commercial and non-commercial use"),
    "hibari": ("hibari", "Apache-2.0"),
    "flite": ("Flite", "CMU's, permissive"),
    "espeak": ("espeak-ng", "GPL-3.0, which does not cover its sound"),
    "kokoro": ("Kokoro", "Apache-2.0"),
    "pico": ("Pico", "Apache-2.0"),
}


def training_sources(data: Path) -> list[dict[str, Any]]:
    """Name, hours, speakers and licence of each source of a corpus that was trained on, as a card has them.

    Of words and phrases hours are those of single words, of which the phrases are made; utterances are all counted.
    """
    table, _ = read_records(data / "manifests/train.tsv", "manifest")
    if not (data / "words/train.tsv").is_file():
        table = table.filter(pc.invert(pc.match_substring(table["word"], " ")))
    source = pc.list_element(pc.split_pattern_regex(table["speaker"], "[-:]", max_splits=1), 0)
    seconds = pc.subtract(table["stop"], table["start"])
    own = table.select(["speaker"]).append_column("source", source).append_column("seconds", seconds)
    rows = own.group_by("source").aggregate([("seconds", "sum"), ("speaker", "count_distinct")]).to_pylist()
    return [
        {
            "name": LICENCES[row["source"]][0],
            "hours": round(row["seconds_sum"] / 3600, 2),
            "speakers": row["speaker_count_distinct"],
            "licence": LICENCES[row["source"]][1],
        }
        for row in sorted(rows, key=lambda row: -row["seconds_sum"])
    ]

"""Stage 1 of spoken term detection: recordings, queries typed and spoken, and where they are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.findings import Findings
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.segments import word_segments
from kwskit.corpora.std.queries import draw_queries, occurrences_of, readable_queries, vocabulary_group
from kwskit.data.records import QUERIES, RECORDINGS
from kwskit.errors import CorpusError
from kwskit.text_file import read_text

PROTOCOL, EXEMPLARS = "std", "exemplars"
COHORT = 300  # other words that scores of spoken queries are normalised by
LEAST_COHORT = 10


@dataclass(frozen=True)
class StdSettings:
    """What is drawn.

    Attributes
    ----------
    count : queries of each search, where they are drawn
    dev, exemplars : shares of the speakers whose recordings calibrate the threshold, and give spoken queries
    seed : of speakers, queries and exemplars
    search : settings of the search, as facts (:class:`kwskit.search.search_settings.SearchSettings`)
    """

    count: int = 100
    dev: float = 0.25
    exemplars: float = 0.15
    seed: int = 7
    search: dict[str, str] = field(default_factory=dict)


def prepare_std(
    preparation: Preparation,
    recordings: pa.Table,
    aligned: pa.Table,
    settings: StdSettings,
    given: dict[str, str] | None = None,
    vocabulary: Collection[str] | None = None,
) -> None:
    """Register the searches ``dev`` and ``test`` for typed and ``dev_spoken`` and ``test_spoken`` for spoken queries.

    Speakers are held out for dev and for the spoken examples; nobody is in two of the three. Spoken queries are those
    of the typed ones that one of the held-out speakers says. Their store also has one utterance of up to 300 other
    words, which their scores are normalised by; with fewer than ten others they are not.

    Parameters
    ----------
    recordings : ``utterance, path, speaker, seconds``, and ``start`` (0 where absent), in seconds of the file
    aligned : the columns ``ALIGNED`` and ``position``, utterances and times of the recordings
    settings : what is drawn
    given : queries, text by name; None draws them from what is said, for dev and test apart
    vocabulary : of the training: makes groups of queries, iv and oov

    Raises
    ------
    CorpusError
        When there are fewer than two speakers, or nothing to search for is said in the test recordings.
    """
    parts = speaker_parts(recordings["speaker"].to_pylist(), settings)
    part = pa.array([parts[speaker] for speaker in recordings["speaker"].to_pylist()])
    examples = _examples(preparation.findings, recordings.filter(pc.equal(part, EXEMPLARS)), aligned, settings)
    wanted: set[str] = set()
    tasks, spoken_tasks = [], []
    for split in ("dev", "test"):
        table = recordings.filter(pc.equal(part, split))
        said = aligned.filter(pc.is_in(aligned["utterance"], table["utterance"].combine_chunks()))
        queries = given or _drawn(said, settings)
        occurrences = occurrences_of(queries, said)
        if not len(occurrences):
            if split == "test":
                raise CorpusError(f"none of {len(queries):,} queries is said in the {len(table):,} test recordings")
            print(f"std: no query is said in the {len(table):,} dev recordings: no threshold, hence no ATWV")
            continue
        facts = {"protocol": PROTOCOL, "seed": settings.seed, **settings.search}
        dev = {"dev": "dev"} if split == "test" and "search_dev" in tasks else {}
        preparation.search(split, _recordings(table), _typed(queries, vocabulary), occurrences, {**facts, **dev})
        tasks.append(f"search_{split}")
        spoken = {name: examples[text] for name, text in queries.items() if text in examples}
        mine = occurrences.filter(pc.is_in(occurrences["query"], pa.array(list(spoken), pa.string())))
        if not len(mine):
            continue
        wanted |= {queries[name] for name in spoken}
        facts |= {"store": EXEMPLARS} | ({} if len(examples) - len(wanted) >= LEAST_COHORT else {"cohort": 0})
        dev = {"dev": "dev_spoken"} if split == "test" and "search_dev_spoken" in spoken_tasks else {}
        table_of_queries = _spoken(queries, {name: row["utt_id"] for name, row in spoken.items()}, vocabulary)
        preparation.search(f"{split}_spoken", _recordings(table), table_of_queries, mine, {**facts, **dev})
        spoken_tasks.append(f"search_{split}_spoken")
    if spoken_tasks:
        others = [text for text in examples if text not in wanted][:COHORT]
        preparation.manifest(EXEMPLARS, pa.Table.from_pylist([examples[text] for text in sorted({*wanted, *others})]))
    else:
        print("std: no held-out speaker says a query: no spoken queries")
    preparation.evaluate(*reversed(tasks), *reversed(spoken_tasks))


def speaker_parts(speakers: Sequence[str], settings: StdSettings) -> dict[str, str]:
    """``dev``, ``exemplars`` or ``test`` for each speaker, drawn; each has at least one while there are so many.

    Raises
    ------
    CorpusError
        When there are fewer than two speakers, or the shares leave none for test.
    """
    found = sorted(set(speakers))
    if len(found) < 2:
        raise CorpusError(
            f"{len(found)} speaker or recording: one is searched and another calibrates the threshold; name two or more"
        )
    drawn = [found[i] for i in np.random.default_rng(settings.seed).permutation(len(found))]
    dev = max(1, round(settings.dev * len(found))) if settings.dev > 0 else 0
    examples = max(1, round(settings.exemplars * len(found))) if settings.exemplars > 0 and len(found) > dev + 1 else 0
    if dev + examples >= len(found):
        raise CorpusError(
            f"{len(found)} speakers, {dev} for dev and {examples} for spoken queries: none is left to be searched"
        )
    parts = dict.fromkeys(found, "test") | dict.fromkeys(drawn[:dev], "dev")
    return parts | dict.fromkeys(drawn[dev : dev + examples], EXEMPLARS)


def read_queries(path: Path, findings: Findings) -> dict[str, str]:
    """Queries of a text file, one a line, each its own name.

    Raises
    ------
    CorpusError
        When it holds none.
    """
    texts = readable_queries(read_text(path).splitlines(), findings, path.name)
    return {text: text for text in texts}


def _drawn(said: pa.Table, settings: StdSettings) -> dict[str, str]:
    drawn = draw_queries(said["word"].to_pylist(), settings.count, settings.seed)
    return {text: text for text in readable_queries(drawn, Findings(), "what is said")} if drawn else {}


def _examples(findings: Findings, held_out: pa.Table, aligned: pa.Table, settings: StdSettings) -> dict[str, dict]:
    """One segment of the manifest for each word that a held-out speaker says, drawn, in a random order of words."""
    said = aligned.filter(pc.is_in(aligned["utterance"], held_out["utterance"].combine_chunks()))
    if not len(said):
        return {}
    split = pa.repeat(pa.scalar(EXEMPLARS), len(held_out))
    held_out = held_out.set_column(held_out.column_names.index("split"), "split", split)
    rows = word_segments(said, held_out, findings, min_seconds=0.15, min_letters=4, only_known=True).to_pylist()
    starts = dict(zip(held_out["utterance"].to_pylist(), _starts(held_out), strict=True))
    rng = np.random.default_rng([settings.seed, 1])
    found: dict[str, dict] = {}
    for number in rng.permutation(len(rows)):
        row = rows[number]
        offset = starts[row["utt_id"].rpartition("_")[0]]
        found.setdefault(row["word"], row | {"start": row["start"] + offset, "stop": row["stop"] + offset})
    return found


def _starts(recordings: pa.Table) -> list[float]:
    return recordings["start"].to_pylist() if "start" in recordings.column_names else [0.0] * len(recordings)


def _recordings(table: pa.Table) -> pa.Table:
    starts = np.array(_starts(table))
    columns = [table["utterance"], table["path"], pa.array(starts), pa.array(starts + table["seconds"].to_numpy())]
    return pa.table(columns, schema=pa.schema(RECORDINGS))


def _typed(queries: dict[str, str], vocabulary: Collection[str] | None) -> pa.Table:
    texts = list(queries.values())
    table = pa.table([list(queries), texts, [""] * len(texts)], schema=pa.schema(QUERIES))
    return _grouped(table, texts, vocabulary)


def _spoken(queries: dict[str, str], spoken: dict[str, str], vocabulary: Collection[str] | None) -> pa.Table:
    columns = [list(spoken), [""] * len(spoken), list(spoken.values())]
    return _grouped(pa.table(columns, schema=pa.schema(QUERIES)), [queries[name] for name in spoken], vocabulary)


def _grouped(table: pa.Table, texts: list[str], vocabulary: Collection[str] | None) -> pa.Table:
    if vocabulary is None:
        return table
    return table.append_column("group", pa.array([vocabulary_group(text, vocabulary) for text in texts]))

#!/usr/bin/env python3
"""Stage 1 of recipes/std: recordings to search, queries typed and spoken, and where they are said."""

import argparse
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.alignments.alignment_places import find_alignments
from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.stage_one import StageOne
from kwskit.corpora.std.long_recordings import JOINS, audio_files, joined
from kwskit.corpora.std.nist import read_ecf, read_kwlist, read_rttm
from kwskit.corpora.std.preparation import StdSettings, prepare_std, read_queries
from kwskit.corpora.utterances import audio_lengths
from kwskit.data.records import read_records
from kwskit.errors import CorpusError
from kwskit.search.search_settings import SearchSettings
from kwskit.text.normal_form import normal_form
from kwskit.text_file import first_lines, read_text

RECIPE = Path(__file__).parent
JOINED = "joined"  # folder of the recordings that are made
COUNTS = {"tiny": 20, "small": 100, "base": 300}  # queries by --size


def main(argv: list[str] | None = None) -> None:
    """Parse, prepare."""
    _parser().run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Make all files of stage 1, or say what is missing."""
    data, corpus = args.data, args.corpus
    windows = SearchSettings.of({"windows": args.windows} if args.windows else {})
    count = args.num_queries or COUNTS.get(args.size, COUNTS["small"])
    drawn = StdSettings(count, args.dev, args.exemplars, args.seed, {"windows": windows.facts()["windows"]})
    result = {name: getattr(args, name) for name in ("alignments", "join", "queries", "vocabulary", "ecf", "rttm")}
    preparation = Preparation(data, {**result, **vars(drawn), "corpus": corpus}, args.strict)
    if preparation.is_done():
        return
    findings = preparation.findings
    given = _given_queries(args, preparation)
    vocabulary = _vocabulary(args.vocabulary) if args.vocabulary else None
    files = audio_lengths(audio_files(corpus, findings, without=data / JOINED), args.jobs, findings)
    if args.ecf or args.rttm:
        recordings, aligned = _nist(args, preparation, files)
    else:
        aligned = read_alignments(_alignments(args), findings, args.jobs)
        known = pc.is_in(files["utterance"], aligned["utterance"].combine_chunks())
        findings.add_all("recordings without alignments", files.filter(pc.invert(known))["utterance"].to_pylist())
        files = files.filter(known)
        if not len(files):
            raise CorpusError(f"the alignments are of no recording of {corpus}: their names must be those of the files")
        recordings, aligned = joined(files, aligned, args.join, data / JOINED, findings, args.jobs)
    prepare_std(preparation, recordings, aligned, drawn, given, vocabulary)
    preparation.finish()


def _alignments(args: argparse.Namespace) -> Path:
    found = find_alignments(args.alignments, (args.corpus, args.data))
    if found is None:
        raise CorpusError(
            "no reference: name --alignments (TextGrids, .ctm or CSV), or put them into "
            f"{args.corpus / 'alignments'}; NIST's come with --ecf and --rttm"
        )
    return found


def _given_queries(args: argparse.Namespace, preparation: Preparation) -> dict[str, str] | None:
    if args.queries is None:
        return None
    if args.queries.suffix == ".xml":
        return read_kwlist(args.queries)
    return read_queries(args.queries, preparation.findings)


def _nist(args: argparse.Namespace, preparation: Preparation, files: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Recordings and reference of an evaluation by NIST."""
    if not (args.ecf and args.rttm):
        raise CorpusError("NIST's reference is two files: --ecf and --rttm")
    excerpts = read_ecf(args.ecf, preparation.findings)
    aligned = read_rttm(args.rttm, excerpts, preparation.findings)
    known = {row["utterance"]: row for row in files.to_pylist()}
    rows = []
    for excerpt in excerpts.to_pylist():
        file = known.get(excerpt["file"])
        if file is None:
            preparation.findings.add("excerpts without audio", excerpt["file"])
        elif excerpt["start"] >= file["seconds"]:
            preparation.findings.add("excerpts past the end of their audio", excerpt["utterance"])
        else:
            seconds = min(excerpt["stop"], file["seconds"]) - excerpt["start"]
            name = {"utterance": excerpt["utterance"], "start": excerpt["start"], "seconds": seconds}
            rows.append({**file, "speaker": excerpt["file"], **name})
    if not rows:
        raise CorpusError(f"none of the {len(excerpts):,} excerpts of {args.ecf} has audio in the corpus")
    recordings = pa.Table.from_pylist(rows)
    return recordings, aligned.filter(pc.is_in(aligned["utterance"], recordings["utterance"].combine_chunks()))


def _vocabulary(path: Path) -> set[str]:
    """Words of a training manifest, or of a text file with one a line."""
    if first_lines(path)[0].startswith("#kwskit manifest"):
        return set(read_records(path, "manifest")[0]["word"].to_pylist())
    return {normal_form(line) for line in read_text(path).splitlines() if line.strip()}


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"'{text}': a share of the speakers, from 0 to below 1")
    return share


def _parser() -> StageOne:
    parser = StageOne(RECIPE, __doc__)
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="folder of any audio (default: LibriSpeech test-clean, which stage 0 fetches)",
    )
    parser.add_argument(
        "--alignments",
        type=Path,
        metavar="PATH",
        help="reference of what is said: TextGrids, a .ctm or CSVs of these files (default: alignments/ of the corpus)",
    )
    parser.add_argument(
        "--join",
        choices=JOINS,
        default="none",
        metavar="HOW",
        help="way to long recordings: chapter joins files <recording>-<nnnn>, folder those of a folder, none "
        "leaves files as they are (default: chapter where stage 0 fetches the corpus, else none)",
    )
    parser.add_argument(
        "--queries",
        type=Path,
        metavar="FILE",
        help="list of queries, one a line, or NIST's kwlist.xml (default: drawn from what is said)",
    )
    parser.add_argument(
        "--num_queries",
        type=int,
        metavar="N",
        help="number of queries that are drawn (default: 100; 20 with --size tiny, 300 with base)",
    )
    parser.add_argument(
        "--vocabulary",
        type=Path,
        metavar="FILE",
        help="manifest or word list of the training, for results of known and new words apart",
    )
    parser.add_argument(
        "--ecf",
        type=Path,
        metavar="FILE",
        help="list of excerpts by NIST; with --rttm it is the reference instead of alignments",
    )
    parser.add_argument("--rttm", type=Path, metavar="FILE", help="reference by NIST; it goes with --ecf")
    parser.add_argument(
        "--windows", metavar="LIST", help="lengths of the windows in seconds (default: 0.3,0.5,0.8,1.2)"
    )
    parser.add_argument(
        "--dev",
        type=_share,
        default=0.25,
        metavar="SHARE",
        help="share of the speakers that calibrate the threshold (default %(default)s)",
    )
    parser.add_argument(
        "--exemplars",
        type=_share,
        default=0.15,
        metavar="SHARE",
        help="share of the speakers that give spoken queries; 0 for none (default %(default)s)",
    )
    return parser


if __name__ == "__main__":
    main()

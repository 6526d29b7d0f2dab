#!/usr/bin/env python3
"""Stage 1 of recipes/libriphrase: the official CSVs (or a set built with a seed) as trials, phrases to train on."""

import argparse
import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kwskit import __version__
from kwskit.atomic_write import atomic_write
from kwskit.corpora.alignments.alignment_places import librispeech_alignments
from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.findings import Findings
from kwskit.corpora.libriphrase.phrase_audio import phrase_files, phrases_of_utterances, without_pauses
from kwskit.corpora.libriphrase.phrase_pairs import LONGEST, csv_name, read_phrase_pairs, write_phrase_pairs
from kwskit.corpora.libriphrase.phrase_set import PhraseSet
from kwskit.corpora.libriphrase.protocols import NEGATIVES, PROTOCOLS, libriphrase_protocol
from kwskit.corpora.librispeech import read_librispeech
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.segments import audio_lengths, phrase_segments
from kwskit.corpora.stage_one import StageOne, settings
from kwskit.corpora.text_vocabulary import frequent, readable
from kwskit.corpora.typed_trials import draw_wsj_trials
from kwskit.errors import CorpusError

RECIPE = Path(__file__).parent
LENGTHS = (0.5, 2.0)  # seconds of a phrase (Shin et al. 2022)
SIDECAR = "libriphrase.json"


def main(argv: list[str] | None = None) -> None:
    """Parse, cut, write."""
    _parser().run(_tell_parts_or_prepare, argv)


def _tell_parts_or_prepare(args: argparse.Namespace) -> None:
    """Print the parts of LibriSpeech that are wanted, for stage 0, or prepare."""
    if not args.parts:
        prepare(args)
        return
    test = () if args.wavs else args.build or args.test
    print(*dict.fromkeys([*args.train, *args.dev, *test]))


def prepare(args: argparse.Namespace) -> None:
    """Make all files of stage 1, or say what is missing."""
    data, corpus = args.data, args.corpus
    preparation = Preparation(data, settings(args), args.strict)
    if preparation.is_done():
        return
    findings = preparation.findings
    trained = [*args.train, *args.dev]
    tested = [] if args.wavs else [*(args.build or args.test)]
    aligned = utterances = pa.table({})
    if trained or tested:
        both = sorted(set(trained) & set(tested))
        if both:
            raise CorpusError(f"{', '.join(both)}: a part cannot be tested on and be in --train or --dev")
        utterances = read_librispeech(corpus, [*trained, *tested], findings)
        utterances = audio_lengths(utterances, args.jobs, findings)
        places = [data, corpus, *corpus.glob("LibriSpeech")]
        aligned = read_alignments(librispeech_alignments(args.alignments, places), findings, args.jobs)
    for split in ("train", "dev"):
        if getattr(args, split):
            phrases = _phrases(aligned, utterances, getattr(args, split), findings)
            _take(preparation, split, phrases, args)
        else:
            print(f"no {split} phrases: stage 3 needs --model")

    folder = Path(args.csv) if args.csv else _usual_folder(data, corpus)
    if args.build:
        folder = data / "libriphrase"
        _build(folder, _phrases(aligned, utterances, args.build, Findings()), args)
    pairs = read_phrase_pairs(folder, findings)
    if args.wavs:
        manifest, pairs = phrase_files(pairs, Path(args.wavs), findings, args.jobs)
    else:
        own = utterances.filter(pc.is_in(utterances["split"], pa.array(tested)))
        manifest, pairs = phrases_of_utterances(pairs, aligned, own, findings)
    preparation.manifest("test", readable(manifest, findings))
    for protocol in args.protocols:
        for negatives in NEGATIVES:
            trials, facts = libriphrase_protocol(pairs, protocol, negatives, args.seed)
            preparation.trials(f"test_{protocol.replace('_', '-')}-{negatives}", trials, facts)
            preparation.evaluate(f"test_{protocol.replace('_', '-')}-{negatives}")
    preparation.finish()


def _usual_folder(data: Path, corpus: Path) -> Path:
    """Where `kwskit fetch libriphrase` puts the CSVs."""
    return (
        data if (data / "libriphrase").is_dir() or not (corpus / "libriphrase").is_dir() else corpus
    ) / "libriphrase"


def _phrases(aligned: pa.Table, utterances: pa.Table, parts: tuple[str, ...], findings: Findings) -> pa.Table:
    """Phrases of one to four words of ``parts``, without pauses between them."""
    own = utterances.filter(pc.is_in(utterances["split"], pa.array(parts)))
    phrases = phrase_segments(without_pauses(aligned), own, findings, (1, LONGEST), *LENGTHS, only_known=True)
    return readable(phrases, findings)


def _take(preparation: Preparation, split: str, phrases: pa.Table, args: argparse.Namespace) -> None:
    if split == "train":
        kept = frequent(phrases, args.least, args.most, args.seed)
        if not len(kept):
            raise CorpusError(f"no phrase of {', '.join(args.train)} has {args.least} occurrences (--least)")
        preparation.manifest("train", kept)
    else:
        dev = preparation.manifest("dev", frequent(phrases, 1, args.most_dev, args.seed))
        draw_wsj_trials(preparation, "dev", dev, args.negatives, args.seed)


def _build(folder: Path, phrases: pa.Table, args: argparse.Namespace) -> None:
    """Draw a set and write its CSVs, with what it takes to draw it again beside them."""
    chosen = phrases.select(["utt_id", "start", "stop", "word", "speaker"]).sort_by("utt_id")
    digest = hashlib.sha256("\n".join("\t".join(map(str, row.values())) for row in chosen.to_pylist()).encode())
    result = {
        "seed": args.seed,
        "pairs": args.pairs,
        "parts": list(args.build),
        "phrases": len(phrases),
        "phrases_sha256": digest.hexdigest(),
        "kwskit": __version__,
    }
    files = [folder / csv_name(words) for words in range(1, LONGEST + 1)]
    try:
        stored = json.loads((folder / SIDECAR).read_text("utf-8"))
    except (OSError, ValueError):
        stored = None
    if stored is not None and {**stored, "rows": None} == {**result, "rows": None} and all(f.is_file() for f in files):
        print(f"phrase set: there already in {folder}")
        return
    if stored is None and any(file.exists() for file in files):
        raise CorpusError(f"{folder} holds CSVs that were not built here: build into another --data")
    pairs = PhraseSet(args.seed, args.pairs).draw(phrases.sort_by("utt_id"))
    (folder / SIDECAR).unlink(missing_ok=True)
    write_phrase_pairs(folder, pairs)
    result["rows"] = {words: pc.sum(pc.equal(pairs["class"], words)).as_py() for words in range(1, LONGEST + 1)}
    with atomic_write(folder / SIDECAR) as partial:
        partial.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(f"phrase set: {len(pairs):,} rows in {folder} (seed {args.seed}, {SIDECAR} says how it was drawn)")


def _parts(text: str) -> tuple[str, ...]:
    return () if text == "none" else tuple(part for part in text.split(",") if part)


def _protocols(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in PROTOCOLS]
    if unknown:
        raise argparse.ArgumentTypeError(f"'{unknown[0]}' is none of {', '.join(PROTOCOLS)}")
    return names


def _parser() -> StageOne:
    parser = StageOne(RECIPE, __doc__)
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="folder of LibriSpeech (default: the folder of --data, where stage 0 puts it)",
    )
    parser.add_argument(
        "--alignments",
        type=Path,
        metavar="PATH",
        help="TextGrids, a .ctm, or CSVs of alignments (default: alignments/ in the folder of --corpus or --data)",
    )
    parser.add_argument(
        "--csv", metavar="DIR", help="folder of LibriPhrase's CSVs (default: libriphrase/ in --corpus or --data)"
    )
    parser.add_argument("--wavs", metavar="DIR", help="segments that LibriPhrase's script has cut (default: cut here)")
    parser.add_argument(
        "--build", type=_parts, default=(), metavar="PARTS", help="parts to build a test set from, instead of CSVs"
    )
    parser.add_argument(
        "--pairs", type=int, default=3, metavar="N", help="pairs of a type in such a set (default %(default)s)"
    )
    parser.add_argument(
        "--train",
        type=_parts,
        default="train-clean-100,train-clean-360",
        metavar="PARTS",
        help="parts to train on, comma separated, or none (default %(default)s)",
    )
    parser.add_argument(
        "--dev",
        type=_parts,
        default="dev-clean",
        metavar="PARTS",
        help="parts for dev, comma separated, or none (default %(default)s)",
    )
    parser.add_argument(
        "--test",
        type=_parts,
        default="train-other-500",
        metavar="PARTS",
        help="parts for test, comma separated, or none (default %(default)s)",
    )
    parser.add_argument(
        "--least",
        type=int,
        default=2,
        metavar="N",
        help="fewest occurrences of a phrase of train (default %(default)s)",
    )
    parser.add_argument(
        "--most", type=int, default=50, metavar="N", help="most occurrences of a phrase of train (default %(default)s)"
    )
    parser.add_argument(
        "--most_dev", type=int, default=2, metavar="N", help="most occurrences of a phrase of dev (default %(default)s)"
    )
    parser.add_argument(
        "--protocols",
        type=_protocols,
        default="phonmatchnet,mmkws,clap_ipa",
        metavar="NAMES",
        help="protocols of the test, with commas (default %(default)s)",
    )
    parser.add_argument(
        "--negatives", type=int, default=50, metavar="N", help="other texts of a dev segment (default %(default)s)"
    )
    parser.add_argument("--parts", action="store_true", help="print the parts that are wanted, and stop")
    return parser


if __name__ == "__main__":
    main()

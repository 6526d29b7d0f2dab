"""Stage 2: pack the manifests of a corpus, and write down how its words are pronounced."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from kwskit.constants import SAMPLE_RATE
from kwskit.data.records import read_records
from kwskit.data.store.packed_store import PackedStore, StoreError
from kwskit.data.store.packing import pack_manifest
from kwskit.errors import UnpronounceableText
from kwskit.text.g2p import G2P
from kwskit.text.lexicon import write_lexicon

MANIFEST_DIGEST = "manifest_sha256"


def pack_corpus(data: Path, jobs: int | None = None, on_bad: str = "stop") -> None:
    """Pack every ``manifests/<split>.tsv`` of ``data`` into ``store/<split>``, and write ``lexicon.tsv``.

    Stores of an unchanged manifest are kept. Of utterances that have ``words/<split>.tsv`` the lexicon has these words.
    A corpus of long recordings to search may have no manifest.

    Parameters
    ----------
    data : the corpus
    jobs : processes that read audio
    on_bad : what a segment that cannot be used does: ``stop``, or ``skip`` (counted and listed)

    Raises
    ------
    FileNotFoundError
        When there is no manifest.
    kwskit.data.audio.AudioError, kwskit.data.records.RecordError
        For audio or a manifest that cannot be used.
    """
    manifests = sorted((data / "manifests").glob("*.tsv"))
    if not manifests and (data / "search").is_dir():
        print("nothing to pack: the corpus is long recordings to search")
        return
    if not manifests:
        raise FileNotFoundError(f"{data / 'manifests'} holds no *.tsv: run stage 1 first")
    words: set[str] = set()
    for manifest in manifests:
        folder = data / "store" / manifest.stem
        facts = {MANIFEST_DIGEST: hashlib.sha256(manifest.read_bytes()).hexdigest(), "on_bad": on_bad}
        store = _packed_already(folder, facts)
        if store is None:
            pack_manifest(manifest, folder, jobs, on_bad, facts)
            store = PackedStore.open(folder)
        hours = store.num_samples.sum() / SAMPLE_RATE / 3600
        print(f"{manifest.stem}: {len(store):,} segments, {len(store.words):,} words, {hours:.2f} h in {folder}")
        times = data / "words" / manifest.name  # of utterances, whose texts are sentences
        words.update(read_records(times, "words")[0]["word"].to_pylist() if times.exists() else store.words)
    g2p = G2P()
    write_lexicon(data / "lexicon.tsv", _pronounceable(sorted(words), g2p), g2p.pronunciations)


def _pronounceable(words: Sequence[str], g2p: G2P) -> list[str]:
    """``words`` without those that English cannot read out: a tokenizer of letters needs no pronunciations."""
    said, refused = [], []
    for word in words:
        try:
            g2p.pronunciations(word)
        except UnpronounceableText as error:
            refused.append(str(error))
        else:
            said.append(word)
    if refused:
        print(f"lexicon: {len(refused):,} words without an English pronunciation, e.g. {refused[0]}")
    return said


def _packed_already(folder: Path, facts: dict[str, str]) -> PackedStore | None:
    try:
        store = PackedStore.open(folder)
    except StoreError:
        return None
    return store if facts.items() <= store.facts.items() else None

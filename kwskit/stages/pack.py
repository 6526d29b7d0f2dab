"""Stage 2: pack the manifests of a corpus, and write down how its words are pronounced."""

import hashlib
from pathlib import Path

from kwskit.data.packing import pack_manifest
from kwskit.data.store import PackedStore, StoreError
from kwskit.text.g2p import G2P
from kwskit.text.lexicon import write_lexicon

MANIFEST_DIGEST = "manifest_sha256"


def pack_corpus(data: Path, jobs: int | None = None, on_bad: str = "stop") -> None:
    """Pack every ``manifests/<split>.tsv`` of ``data`` into ``store/<split>``, and write ``lexicon.tsv``.

    Stores of an unchanged manifest are kept.

    Parameters
    ----------
    data : the corpus
    jobs : processes that read audio
    on_bad : what a segment that cannot be used does: ``stop``, or ``skip`` (counted and listed)

    Raises
    ------
    FileNotFoundError
        When there is no manifest.
    kwskit.data.audio.AudioError, kwskit.records.RecordError
        For audio or a manifest that cannot be used.
    """
    manifests = sorted((data / "manifests").glob("*.tsv"))
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
        hours = store.num_samples.sum() / 16_000 / 3600
        print(f"{manifest.stem}: {len(store):,} segments, {len(store.words):,} words, {hours:.2f} h in {folder}")
        words.update(store.words)
    write_lexicon(data / "lexicon.tsv", sorted(words), G2P().pronunciations)


def _packed_already(folder: Path, facts: dict[str, str]) -> PackedStore | None:
    try:
        store = PackedStore.open(folder)
    except StoreError:
        return None
    return store if facts.items() <= store.facts.items() else None

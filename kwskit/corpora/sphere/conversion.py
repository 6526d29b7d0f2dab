"""Shorten-compressed SPHERE files to WAV, by a program that can, into a cache."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kwskit.atomic_write import atomic_write
from kwskit.corpora.findings import Findings
from kwskit.corpora.sphere.read import is_sphere, read_sphere_header
from kwskit.data.audio import AudioError, probe
from kwskit.data.progress import Progress
from kwskit.errors import CorpusError

UNDECODABLE = "audio that the converter cannot decode"

# sox reads SPHERE too, but refuses shorten ("unsupported coding").
_COMMANDS: dict[str, Callable[[str, Path, Path], list[str]]] = {
    "sph2pipe": lambda program, source, target: [program, "-p", "-f", "wav", str(source), str(target)],
    "ffmpeg": lambda program, source, target: [
        *(program, "-v", "error", "-nostdin", "-y", "-i", str(source)),
        *("-c:a", "pcm_s16le", "-f", "wav", str(target)),
    ],
}
_WHERE = (
    "sph2pipe (source: https://github.com/burrmill/sph2pipe, one call of cc; Kaldi's tools/ have it) or "
    "ffmpeg (apt-get install ffmpeg, brew install ffmpeg, conda install -c conda-forge ffmpeg)"
)


def converted(files: Mapping[str, Path], cache: Path, findings: Findings, jobs: int = 1) -> dict[str, Path]:
    """Files that libsndfile reads, by utterance: the given ones, or WAV copies in ``cache`` of compressed ones.

    Copies that are there stay. A copy that is shorter than its header promises (a truncated original) is refused.

    Parameters
    ----------
    files : audio file of each utterance, SPHERE or anything else
    cache : folder of the copies, ``<utterance>.wav``
    findings : where undecodable files are noted; they are missing in the result
    jobs : programs at a time

    Raises
    ------
    CorpusError
        When a file is compressed and no program that decompresses is on ``PATH``.
    OSError
        When a file cannot be read or the cache cannot be written.
    """
    compressed = {
        utt: path for utt, path in files.items() if is_sphere(path) and read_sphere_header(path).is_compressed
    }
    result = {utt: path for utt, path in files.items() if utt not in compressed}
    program = next((found for name in _COMMANDS if (found := shutil.which(name))), None)
    todo = {utt: path for utt, path in compressed.items() if not (cache / f"{utt}.wav").exists()}
    if todo and program is None:
        example = next(iter(todo.values()))
        raise CorpusError(
            f"{len(todo):,} audio files are compressed by shorten, e.g. {example}, and no program that decompresses "
            f"them is on PATH. Install {_WHERE}; sox cannot."
        )
    cache.mkdir(parents=True, exist_ok=True)

    def convert(item: tuple[str, Path]) -> tuple[str, str]:
        utt, source = item
        return utt, _convert(str(program), source, cache / f"{utt}.wav")

    failed = {}
    with ThreadPoolExecutor(jobs) as pool, Progress(len(todo), "decompress", "files") as bar:
        for utt, reason in pool.map(convert, todo.items()):
            bar.advance(1)
            if reason:
                failed[utt] = reason
                findings.add(UNDECODABLE, reason)
    result |= {utt: cache / f"{utt}.wav" for utt in compressed if utt not in failed}
    return {utt: result[utt] for utt in files if utt in result}


def with_readable_paths(manifest: pa.Table, cache: Path, findings: Findings, jobs: int = 1) -> pa.Table:
    """``manifest`` with decompressed copies in the place of compressed files (:func:`converted`, also for its errors).

    Copies are named after the files; segments of files that cannot be decompressed are missing in the result.
    """
    coded = manifest["path"].combine_chunks().dictionary_encode()
    paths = [Path(path) for path in coded.dictionary.to_pylist()]
    copies = converted({path.stem.lower(): path for path in paths}, cache, findings, jobs)
    found = [copies.get(path.stem.lower()) for path in paths]
    readable = pa.array([path and str(path.absolute()) for path in found], pa.string()).take(coded.indices)
    table = manifest.set_column(manifest.column_names.index("path"), "path", readable)
    return table.filter(pc.is_valid(table["path"]))


def _convert(program: str, source: Path, target: Path) -> str:
    """Why ``source`` could not be converted; empty when it was."""
    name = Path(program).stem
    try:
        with atomic_write(target) as partial:
            command = _COMMANDS[name](program, source, partial)
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
            if done.returncode or not partial.exists():
                raise AudioError(f"{name} failed: {done.stderr.strip()[-200:] or done.returncode}")
            seconds, promised = probe(partial)[1], read_sphere_header(source).seconds
            if seconds < promised - 1e-3:
                raise AudioError(f"truncated: {seconds:.2f} s of the {promised:.2f} s that its header promises")
    except AudioError as error:
        return f"{source}: {error}"
    return ""

"""The parts of an index that many workers make at once (ours).

A worker appends the windows of its recordings to the tables, as any number may at a time, and hands the list of its
files to the one that has asked for them. Windows of files that are in no list are not found: so a worker that is lost
takes nothing with it but its time.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import lru_cache, partial
from pathlib import Path

from kwskit.data.audio import AudioError
from kwskit.data.progress import Progress
from kwskit.index.cohort_norm import CohortNorm
from kwskit.index.indexing import Indexing, Part
from kwskit.index.window_tables import WindowTables
from kwskit.index.window_writer import WindowWriter
from kwskit.speech_model.open_model import open_model
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.task_pool import run_tasks, stopped

SHARE_BYTES = 1 << 26  # of the files of a part: half an hour of PCM, an hour of FLAC


def add_parts(
    indexing: Indexing,
    paths: Sequence[Path],
    progress: Progress | None,
    jobs: int,
    model: SpeechModel | str | Path,
    device: str,
) -> None:
    """Have many workers embed ``paths``, and put each part into the index when it and those before it are whole.

    Parameters
    ----------
    indexing : of the index
    paths : recordings
    progress : told of the seconds of each part
    jobs : processes of this machine
    model : its directory or name, which all workers see; one that is open travels by pickle
    device : of torch

    Raises
    ------
    kwskit.task_pool.WorkerDied
        When a worker was killed; parts before that are in the index.
    kwskit.errors.SpeechIndexError, kwskit.errors.ModelError
        When a worker cannot use the index or the model.
    """
    tables = indexing.tables
    work = partial(_part, tables.place, model, device)
    with closing(run_tasks(work, _shares(paths), jobs, next(iter(paths), None), tables.folder)) as parts:
        for part in parts:
            indexing.take(part)
            indexing.write()
            if progress is not None:
                progress.advance(int(sum(one.seconds for one in part.files)))
    if tables.folder:
        tables.remove_windows(tables.strays())  # of workers that were lost


def _part(place: str, model: SpeechModel | str | Path, device: str, paths: Sequence[Path]) -> Part:
    tables = WindowTables(place)
    opened = tables.about.open_model(
        place, _opened(str(model), device) if isinstance(model, str | Path) else model, device
    )
    writer = WindowWriter(tables, opened, CohortNorm.of(opened, tables.about.search_settings().cohort))
    part = Part([], {})
    for path in paths:
        if stopped():
            break
        try:
            part.files.append(writer.add(path))
        except (AudioError, OSError) as error:
            part.refused[str(path)] = str(error)
    writer.write()
    return part


@lru_cache(1)
def _opened(model: str, device: str) -> SpeechModel:
    return open_model(model, device)


def _shares(paths: Sequence[Path]) -> Iterator[list[Path]]:
    share: list[Path] = []
    size = 0
    for path in paths:
        share.append(path)
        try:
            size += path.stat().st_size
        except OSError:  # told of when it is read
            continue
        if size >= SHARE_BYTES:
            yield share
            share, size = [], 0
    if share:
        yield share

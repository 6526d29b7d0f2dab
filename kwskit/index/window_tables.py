"""The tables of an index, in LanceDB."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.errors import SpeechIndexError
from kwskit.extras import missing_extra
from kwskit.index.about import About
from kwskit.index.nearest_windows import make_partitions, nearest_windows
from kwskit.index.tables import IndexedFile, NearestWindows, WindowRows
from kwskit.index.writer_lock import LOCK, writer_lock

NEED = "indexing and searching need LanceDB"

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ModuleNotFoundError as error:
    raise missing_extra("index", NEED, error) from error

ABOUT, FILES = "about", "files"
MOST_TABLES = 1000
KEPT_VERSIONS = timedelta(minutes=10)  # for searches that have begun; each begins with the newest
TRIES = 5
NO_ROOM = "28|27|122"  # errors of a disk that is full, of a file or of an account that may not grow
FILE_SCHEMA = pa.schema(
    {"file": pa.int64(), "path": pa.string(), "size": pa.int64(), "changed": pa.int64(), "seconds": pa.float64()}
)


class WindowTables:
    """What an index is made of: a table of files, one of windows for each length, and what is known of the index.

    A file is in the index when its row is in the table of files, which is written after its windows; windows of no
    such file are not found. Every change of a table is a new version of it, which readers see whole or not at all.

    Parameters
    ----------
    place : a folder; the address of a Lance namespace server (``http://…``), which knows where in the storage that its
        clients share the tables are; or what else LanceDB connects to (``s3://…``, ``gs://…``, ``az://…``, ``db://…``)

    Raises
    ------
    SpeechIndexError
        From any method, when the engine cannot do it.
    """

    def __init__(self, place: str | Path):
        self.place = str(place)
        self.folder = None if "://" in self.place else Path(place)
        self._opened: dict[str, Any] = {}
        self._known: tuple[int, dict[int, IndexedFile]] = (-1, {})

    @cached_property
    def _database(self) -> Any:
        """The engine's connection, which makes the folder: it is asked for where there is one, or is to be one."""
        engine = _engine()
        with self._engine_errors("opened"):
            if self.place.startswith(("http://", "https://")):
                return engine.connect_namespace("rest", {"uri": self.place.rstrip("/")})
            return engine.connect(self.place)

    def refuse_strange(self) -> None:
        """Refuse a folder that holds other things than an index."""
        there = sorted(self.folder.iterdir()) if self.folder and self.folder.is_dir() else []
        strange = [one.name for one in there if one.suffix != ".lance" and one.name != LOCK]
        if strange:
            raise SpeechIndexError(f"{self.place}: holds other things ({strange[0]}): take a new folder for the index")

    def writing(self) -> AbstractContextManager[None]:
        """Keeps other processes of this machine from writing meanwhile, where the index is a folder."""
        return nullcontext() if self.folder is None else writer_lock(self.folder)

    def exists(self) -> bool:
        """Whether there is an index."""
        if self.folder is not None and not self.folder.is_dir():
            return False
        with self._engine_errors("opened"):
            return ABOUT in self._names()

    def create(self, about: About, columns: int) -> None:
        """Make the tables of an empty index, of rows of so many columns; what it knows of itself comes last."""
        vector = pa.list_(pa.float16(), columns)
        times = {"start": pa.float64(), "stop": pa.float64()}
        fields = {"file": pa.int64(), **times, "deviation": pa.float32(), "row": vector}
        with self._engine_errors("made"):
            names = self._names()
            if FILES in names and self._table(FILES).count_rows():
                raise SpeechIndexError(
                    f"{self.place}: there are files of an index, but not its table '{ABOUT}': bring that back from a "
                    "copy, or index the recordings into a new folder"
                )
            self._database.create_table(FILES, schema=FILE_SCHEMA, mode="overwrite")
            for seconds in about.search_settings().windows:
                self._database.create_table(_windows(seconds), schema=pa.schema(fields), mode="overwrite")
            self._database.create_table(ABOUT, pa.table({"about": [about.written()]}), mode="overwrite")
        self._opened.clear()

    def _names(self) -> list[str]:
        return self._database.list_tables(limit=MOST_TABLES).tables

    @cached_property
    def about(self) -> About:
        """What is known of the index."""
        with self._engine_errors("read"):
            texts = self._table(ABOUT).search().limit(2).to_arrow()["about"].to_pylist()
        if len(texts) != 1:
            raise SpeechIndexError(f"{self.place}: the index does not say what it is: index the recordings anew")
        return About.read(texts[0], self.place)

    def files(self) -> list[IndexedFile]:
        """All files of the index, as they are now."""
        with self._engine_errors("read"):
            table = self._table(FILES)
            table.checkout_latest()
            if self._known[0] != table.version:
                rows = table.search().limit(table.count_rows()).to_arrow()
                columns = [rows[name].to_pylist() for name in IndexedFile._fields]
                listed = map(IndexedFile, *columns)
                self._known = (table.version, {one.file: one for one in listed})
            return list(self._known[1].values())

    def paths(self) -> dict[int, str]:
        """Paths of the files that the last search has looked into, by their number."""
        return {number: one.path for number, one in self._known[1].items()}

    def add_windows(self, windows: Mapping[float, WindowRows]) -> None:
        """Add windows, by their length, of files that are not in the index yet."""
        for seconds, found in windows.items():
            columns = found.row.shape[1]
            rows = pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(found.row).reshape(-1)), columns)
            with self._engine_errors("added to"):
                self._table(_windows(seconds)).add(pa.table(found._asdict() | {"row": rows}))

    def put_files(self, files: Sequence[IndexedFile]) -> None:
        """Put files, of which all windows have been added, into the index, in the place of those of the same paths."""
        columns = zip(*files, strict=True)
        table = pa.table(dict(zip(FILE_SCHEMA.names, map(list, columns), strict=True)), schema=FILE_SCHEMA)
        with self._engine_errors("added to"):
            merge = self._table(FILES).merge_insert("path").when_matched_update_all().when_not_matched_insert_all()
            merge.execute(table)

    def remove_files(self, files: Sequence[int]) -> None:
        """Take files out of the index."""
        with self._engine_errors("changed"):
            self._table(FILES).delete(_among(files))

    def remove_windows(self, files: Sequence[int]) -> None:
        """Take the windows of files away that are no more in the index."""
        if not files:
            return
        with self._engine_errors("changed"):
            for seconds in self.about.search_settings().windows:
                self._table(_windows(seconds)).delete(_among(files))

    def strays(self) -> list[int]:
        """Numbers of files that have windows and are not in the index: left by an addition that was cut short."""
        known = pa.array([one.file for one in self.files()], pa.int64())
        found: set[int] = set()
        with self._engine_errors("read"):
            for seconds in self.about.search_settings().windows:
                table = self._table(_windows(seconds))
                table.checkout_latest()
                count = table.count_rows()
                if count:
                    numbers = pc.unique(table.search().select(["file"]).limit(count).to_arrow()["file"])
                    found.update(numbers.filter(pc.invert(pc.is_in(numbers, value_set=known))).to_pylist())
        return sorted(found)

    def optimise(self) -> None:
        """Join small pieces, and where there are many windows let queries look into the nearest partitions only."""
        for seconds in self.about.search_settings().windows:
            with self._engine_errors("optimised"):
                table = self._table(_windows(seconds))
                table.checkout_latest()
                table.optimize(cleanup_older_than=KEPT_VERSIONS)
                make_partitions(table)
        with self._engine_errors("optimised"):
            self._table(FILES).optimize(cleanup_older_than=KEPT_VERSIONS)

    def search(self, queries: NDArray[np.float32], lengths: Sequence[float], most: int) -> NearestWindows:
        """The ``most`` windows of each of ``lengths`` that score highest with each of ``queries`` (Q, columns)."""
        tables = [self._table(_windows(seconds)) for seconds in lengths]
        with self._engine_errors("searched"):
            for _ in range(TRIES):
                self.files()
                version = self._known[0]
                for table in tables:
                    table.checkout_latest()
                # Windows are added before their file and removed after it: files that have not changed meanwhile
                # have all their windows.
                self.files()
                if self._known[0] == version:
                    break
            found = nearest_windows(tables, queries, most)
        return found.take(np.isin(found.file, list(self._known[1])))

    def _table(self, name: str) -> Any:
        if name not in self._opened:
            with self._engine_errors("read"):
                self._opened[name] = self._database.open_table(name)
        return self._opened[name]

    @contextmanager
    def _engine_errors(self, what: str) -> Iterator[None]:
        """Errors of the engine, as people can use them."""
        try:
            yield
        except (SpeechIndexError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # a panic of the engine is no Exception
            reason = re.sub(r"\s+", " ", str(error))[:300]
            if re.search(rf"\b(os error|Errno) ({NO_ROOM})\b", str(error)):
                told = f"{self.place}: the index cannot be {what}: the disk has no room for it. What it had stays; "
                raise SpeechIndexError(f"{told}make room, and do the same again") from error
            raise SpeechIndexError(
                f"{self.place}: the index cannot be {what}: {reason}. Where its files are damaged, bring its folder "
                "back from a copy, or index the recordings into a new one"
            ) from error


def _engine() -> Any:
    """LanceDB, without its notes that a table that is to be made is not there."""
    os.environ.setdefault("LANCEDB_LOG", "error")
    try:
        import lancedb
        import lancedb.index
    except ImportError as error:
        raise missing_extra("index", NEED, error) from error
    return lancedb


def _windows(seconds: float) -> str:
    return f"windows_{round(seconds * 1000)}_ms"


def _among(files: Sequence[int]) -> str:
    return f"file IN ({', '.join(str(int(number)) for number in files)})"

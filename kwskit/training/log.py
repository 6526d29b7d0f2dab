"""What training tells: two TSV files and TensorBoard."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from kwskit.atomic_write import atomic_write


class TrainingLog:
    """``steps.tsv`` and ``epochs.tsv`` with one column a loss, and the same in TensorBoard.

    A row need not have all columns, and a later one may bring new ones: what is not known is ``nan`` in the files.
    When training resumes from an earlier step, rows past it are dropped, so that the files read as if
    nothing had happened.

    Parameters
    ----------
    folder : where the files live
    step, epoch : the position training resumes from; later rows are dropped
    """

    def __init__(self, folder: str | Path, step: int = 0, epoch: int = 0):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._drop_rows("steps", "step", step)
        self._drop_rows("epochs", "epoch", epoch)
        self.tensorboard = SummaryWriter(str(self.folder / "tensorboard"), purge_step=step + 1)

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """Append a row to ``steps.tsv``."""
        self._append("steps", {"step": step, **values})
        for name, value in values.items():
            self.tensorboard.add_scalar(f"train/{name}", value, step)

    def epoch(self, epoch: int, step: int, values: Mapping[str, float]) -> None:
        """Append a row to ``epochs.tsv``."""
        self._append("epochs", {"epoch": epoch, "step": step, **values})
        for name, value in values.items():
            self.tensorboard.add_scalar(f"epoch/{name}", value, step)
        self.tensorboard.flush()

    def close(self) -> None:
        """Flush and close TensorBoard's file."""
        self.tensorboard.close()

    def _append(self, name: str, row: Mapping[str, float]) -> None:
        path = self.folder / f"{name}.tsv"
        header = ""
        if path.exists():
            with path.open(encoding="utf-8") as source:
                header = source.readline().rstrip("\n")
        columns = header.split("\t") if header else []
        if new := [column for column in row if column not in columns]:
            columns += new
            self._widen(path, columns, len(new))
        with path.open("a", encoding="utf-8") as sink:
            sink.write("\t".join(f"{row.get(column, math.nan):.6g}" for column in columns) + "\n")

    def _widen(self, path: Path, columns: Sequence[str], added: int) -> None:
        """Write the table at ``path`` anew with ``columns``, the last ``added`` of which it did not have."""
        rows = path.read_text(encoding="utf-8").splitlines()[1:] if path.exists() else []
        lines = ["\t".join(columns), *(row + "\tnan" * added for row in rows)]
        with atomic_write(path) as partial:
            partial.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _drop_rows(self, name: str, column: str, last: int) -> None:
        path = self.folder / f"{name}.tsv"
        if not path.exists():
            return
        head, *rows = path.read_text(encoding="utf-8").splitlines()
        position = head.split("\t").index(column)
        columns = head.count("\t")
        kept = [row for row in rows if row.count("\t") == columns and float(row.split("\t")[position]) <= last]
        with atomic_write(path) as partial:
            partial.write_text("\n".join([head, *kept]) + "\n", encoding="utf-8")

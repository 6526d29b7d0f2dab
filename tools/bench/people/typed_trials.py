"""Trials of clips with typed texts, as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class TypedTrials:
    """T trials: which clip, which text, and whether the text is said in the clip; all (T,)."""

    clips: NDArray[np.int64]
    texts: NDArray[np.int64]
    targets: NDArray[np.int8]

    @classmethod
    def of(cls, table: pa.Table, names: Sequence[str], texts: Sequence[str]) -> "TypedTrials":
        """Trials with clips of ``names`` and typed ``texts``, of a table as :mod:`kwskit.evaluation.trials` draws."""

        def places(column: str, known: Sequence[str]) -> NDArray[np.int64]:
            return np.asarray(pc.index_in(table[column], pa.array(known, pa.string())).combine_chunks(), np.int64)

        return cls(places("utt_id", names), places("enrol_text", texts), table["target"].to_numpy())

    def of_clips(self, wanted: NDArray[np.bool_]) -> "TypedTrials":
        """Those of the clips for which ``wanted`` (N,) is true."""
        kept = wanted[self.clips]
        return TypedTrials(self.clips[kept], self.texts[kept], self.targets[kept])

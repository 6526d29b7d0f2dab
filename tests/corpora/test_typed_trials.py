"""What a list of typed trials says of itself."""

import pyarrow as pa
import pytest

from kwskit.corpora.preparation import Preparation
from kwskit.corpora.typed_trials import draw_wsj_trials
from kwskit.data.records import read_records


@pytest.mark.parametrize(("wanted", "there"), [(9, 2), (2, 2), (1, 1)])
def test_fewer_negatives_than_wanted_are_told(tmp_path, capsys, wanted, there):
    manifest = pa.table({"utt_id": list("abcd"), "word": ["tiger", "window", "button", "tiger"]})
    preparation = Preparation(tmp_path, {})
    name = draw_wsj_trials(preparation, "test", manifest, wanted, 0)
    preparation.finish()
    trials, facts = read_records(tmp_path / "trials" / f"{name}.tsv", "trials")
    assert len(trials) == 4 * (1 + there)
    assert facts["negatives"] == str(there)
    assert ("test: 2 negatives a segment, not 9" in capsys.readouterr().out) == (wanted > there)

"""Tables: planned, run by subprocesses that fail or not, gathered."""

import json
from pathlib import Path

import pytest
from sklearn.metrics import average_precision_score

from kwskit import cli
from kwskit.data.records import read_records, write_records
from kwskit.evaluation.stream_trials import PAUSE, PROTOCOL, stream_trials
from kwskit.hparams import HparamsError
from kwskit.stages import table_jobs
from kwskit.stages.score_task import ScoreTask
from kwskit.stages.table import make_tables
from kwskit.stages.table_place import Workplace
from kwskit.stages.table_plan import Base, TableError, read_table

BASE = """\
seed: 1
tokenizer: !tokenizer:phoneme {stress: true}
system: !system:dual_encoder
  frontend: !frontend:log_mel {num_mels: 20}
  acoustic_encoder: !encoder:bilstm {num_features: 20, hidden: 8, layers: 1, dim: 16}
  audio_pooler: !pooler:mean {dim: 16}
  text_encoder: !text_encoder:bilstm {num_tokens: 75, embedding_dim: 8, hidden: 8, layers: 1, dim: 16}
  text_pooler: !pooler:mean {dim: 16}
  losses:
    utt: !loss:asyp {level: utt}
optimizer: !name:torch.optim.AdamW {lr: 1.0e-2}
scheduler: !name:torch.optim.lr_scheduler.StepLR {step_size: 1}
training: {epochs: 1, keywords: 6}
"""


TABLE = """\
title: a test
columns:
  - {name: ap, label: AP, trials: test_wsj}
  - {name: same, label: same-different, trials: segments_test, metric: acoustic_ap, group: segments}
  - {name: kws, label: KWS, trials: streams_test@0.3, metric: eer, group: streams}
rows:
  - {label: first, paper: {ap: 75.1}, columns: [ap, same]}
  - {label: again, overlays: [same.yaml], baseline: first, note: the same training}
  - {label: other, overrides: {losses.utt.weight: 0.5}, baseline: [first, again]}
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE.replace("losses:\n    utt", "losses: !ref <losses>\nlosses:\n    utt"))
    (tmp_path / "same.yaml").write_text("# a comment\nlosses: {utt: {level: utt}}\n")
    (tmp_path / "table.yaml").write_text(TABLE)
    return tmp_path


def altered(home, old, new):
    (home / "table.yaml").write_text(TABLE.replace(old, new))
    return read_table(home / "table.yaml")


def test_the_table_as_written(home):
    table = read_table(home / "table.yaml")
    assert [row.label for row in table.rows] == ["first", "again", "other"]
    assert table.rows[1].overlays == (home / "same.yaml",)
    assert table.rows[2].baselines == ("first", "again")
    assert table.trial_lists == ["test_wsj", "segments_test", "streams_test@0.3"]
    assert [column.name for column in table.columns_of(table.rows[0])] == ["ap", "same"]


def test_a_table_of_one_s_own_goes_on_from_another(home):
    (home / "mine").mkdir()
    (home / "mine/mine.yaml").write_text("extends: ../table.yaml\nrows: [{label: mine, baseline: first}]\n")
    table = read_table(home / "mine/mine.yaml")
    assert (table.name, table.title, [row.label for row in table.rows][-2:]) == ("mine", "a test", ["other", "mine"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("note:", "notes:", "a row has no field 'notes'.*note"),
        ("baseline: first,", "baseline: frist,", "row 'again': no row is called 'frist', its baseline"),
        ("label: other", "label: first", "two rows are called 'first'"),
        ("paper: {ap: 75.1}", "paper: {eer: 75.1}", "no column is called 'eer'"),
        ("label: AP, ", "", "lacks label"),
        ("title: a test", "title: [", "not a YAML file"),
        ("title: a test\n", "", "needs a title"),
    ],
)
def test_a_table_that_cannot_be_used(home, old, new, message):
    with pytest.raises(TableError, match=message):
        altered(home, old, new)


def test_rows_of_one_configuration_share_a_run(home):
    first, again, other = read_table(home / "table.yaml").rows
    base = Base(home / "base.yaml")
    assert base.digest(first) == base.digest(again) != base.digest(other)
    assert [base.readable(row) for row in (first, again, other)] == ["base", "same", "base+losses.utt.weight=0.5"]
    assert Base(home / "base.yaml", overrides={"seed": "5"}).digest(first) == base.digest(first)
    assert Base(home / "base.yaml", overrides={"training.epochs": "9"}).digest(first) != base.digest(first)
    place = Workplace(home, home / "exp", base)
    folder = place.folder(first)
    folder.mkdir(parents=True)
    assert place.folder(again) == folder
    (home / "same.yaml").unlink()
    with pytest.raises(HparamsError, match="cannot be read"):
        base.digest(again)


@pytest.mark.parametrize("name", ["streams_test", "streams_test@fast", "test_wsj@0.3"])
def test_windows_are_of_streams(mini_corpus, name):
    with pytest.raises(ValueError, match=r"as in streams_test@0\.3"):
        ScoreTask.named(mini_corpus, name)


class InProcess:
    """Stands for ``subprocess.Popen``: runs the command here, which spares the import of torch."""

    calls: list[list[str]] = []  # noqa: RUF012
    broken = ""

    def __init__(self, command, **_):
        self.calls.append(command[3:])
        self.status = 1 if self.broken and self.broken in " ".join(command) else cli.main(command[3:])

    def wait(self):
        return self.status


@pytest.fixture(scope="module")
def corpus(mini_corpus, tmp_path_factory):
    """The miniature corpus with streams."""
    manifest, _ = read_records(mini_corpus / "manifests/test.tsv", "manifest")
    rows = (manifest[name].to_pylist() for name in ("utt_id", "word", "speaker"))
    trials = stream_trials(*rows, streams=8, length=2, negatives=2)
    path = mini_corpus / "trials/streams_test.tsv"
    write_records(path, "trials", trials, {"protocol": PROTOCOL, "pause": PAUSE})
    yield mini_corpus
    path.unlink()  # other tests score every list


def test_from_rows_to_a_table(home, corpus, monkeypatch, capsys):
    monkeypatch.setattr(table_jobs.subprocess, "Popen", InProcess)
    monkeypatch.setattr(InProcess, "calls", [])
    monkeypatch.setattr(InProcess, "broken", "--seed 2 --losses.utt")
    place = Workplace(corpus, home / "exp", Base(home / "base.yaml"), seeds=2, device="cpu")
    with pytest.raises(RuntimeError, match=r"not everything is done \(1\): base\+losses.utt.weight=0.5-.* seed 2"):
        make_tables([home / "table.yaml"], place, jobs=1)
    trained = [call[call.index("--seed") + 1] for call in InProcess.calls if call[0] == "train"]
    assert trained == ["1", "1", "2", "2"]  # rows of one configuration once, seed by seed
    found = json.loads((home / "exp/table.json").read_text())
    first, again, other = found["rows"]
    assert found["missing"] == [f"other, {column}: seed 2" for column in ("AP", "same-different", "KWS")]
    assert first["numbers"]["ap"] == again["numbers"]["ap"]
    assert set(first["numbers"]) == {"ap", "same"}
    expected = []
    for seed in (1, 2):
        scores, _ = read_records(home / f"exp/runs/{first['run']}/seed{seed}/scores/trained/test_wsj.tsv", "scores")
        expected.append(average_precision_score(scores["target"].to_numpy(), scores["score"].to_numpy()))
    assert first["numbers"]["ap"]["by_seed"] == pytest.approx(expected)
    same = [d for d in found["differences"] if (d["row"], d["baseline"], d["column"]) == ("again", "first", "ap")]
    assert [(d["value"], d["low"], d["high"], d["significant"]) for d in same] == [(0, 0, 0, False)]
    assert {d["baseline"] for d in found["differences"] if d["row"] == "other"} == {"first", "again"}
    assert other["numbers"]["kws"]["seeds"] == [1]
    page = (home / "exp/table.md").read_text()
    assert page in capsys.readouterr().out
    assert f"| first | {100 * sum(expected) / 2:.1f} ± " in page
    assert " | 75.10 |" in page
    assert "- Missing: other, AP: seed 2" in page
    assert "- again: the same training" in page
    assert r"\begin{tabular}" in (home / "exp/table.tex").read_text()

    monkeypatch.setattr(InProcess, "broken", "")
    InProcess.calls.clear()
    make_tables([home / "table.yaml"], place, jobs=1)
    assert [call[0] for call in InProcess.calls] == ["train", "score"]  # only what was missing
    assert json.loads((home / "exp/table.json").read_text())["missing"] == []
    InProcess.calls.clear()
    make_tables([home / "table.yaml"], place, gather_only=True)
    assert InProcess.calls == []


def test_a_row_whose_overlay_is_missing_does_not_stop_the_others(home, corpus, monkeypatch, capsys):
    monkeypatch.setattr(table_jobs.subprocess, "Popen", InProcess)
    (home / "same.yaml").unlink()
    place = Workplace(corpus, home / "exp", Base(home / "base.yaml"), seeds=1, device="cpu")
    with pytest.raises(RuntimeError, match=r"table, row 'again': .*same\.yaml: cannot be read"):
        make_tables([home / "table.yaml"], place, jobs=1)
    found = json.loads((home / "exp/table.json").read_text())
    assert [bool(row["numbers"]) for row in found["rows"]] == [True, False, True]
    assert "left out: table, row 'again'" in capsys.readouterr().err


def test_a_corpus_without_the_lists_leaves_those_columns_out(home, mini_corpus, monkeypatch):
    monkeypatch.setattr(table_jobs.subprocess, "Popen", InProcess)
    altered(home, "streams_test@0.3", "streams_test_iv@0.3")
    place = Workplace(mini_corpus, home / "exp", Base(home / "base.yaml"), seeds=1, device="cpu")
    with pytest.raises(RuntimeError, match=r"there is no .*streams_test_iv\.tsv"):
        make_tables([home / "table.yaml"], place, jobs=1)
    found = json.loads((home / "exp/table.json").read_text())
    assert set(found["rows"][2]["numbers"]) == {"ap", "same"}


def test_the_papers_tables_can_be_read():
    folder = Path(__file__).parents[2] / "recipes/tables"
    tables = {path.stem: read_table(path) for path in folder.glob("*.yaml")}
    assert set(tables) == {"adml1", "adml2", "adml3", "adml4", "jmcl"}
    base = Base(folder.parent / "hparams/adml.yaml", (folder.parent / "hparams/small.yaml",))
    names = [base.digest(row) for table in tables.values() for row in table.rows]
    assert len(set(names)) < len(names)  # some rows stand in several tables
    for path in folder.glob("people/*.yaml"):
        own = read_table(path)
        assert own.rows == tables[path.stem].rows
        assert own.columns != tables[path.stem].columns

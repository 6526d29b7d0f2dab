import hashlib
import json
import shutil

import numpy as np
import pytest
import soundfile
from sklearn.metrics import average_precision_score

from kwskit.data.records import read_records
from kwskit.evaluation.report import write_report
from kwskit.stages.pack import pack_corpus
from kwskit.stages.score import is_scored, score
from kwskit.stages.train import train

CONFIGURATION = """\
seed: 7
tokenizer: !tokenizer:phoneme {stress: true}
system: !system:dual_encoder
  frontend: !frontend:log_mel {num_mels: 40}
  acoustic_encoder: !encoder:ecapa {channels: 16, mfa_channels: 24, dim: 16, scale: 4}
  audio_pooler: !pooler:ccsp {in_dim: 16, dim: 16}
  text_encoder: !text_encoder:bilstm {num_tokens: 75, embedding_dim: 8, hidden: 8, layers: 1, dim: 16}
  text_pooler: !pooler:mean {dim: 16}
  aligner: !aligner:cross_attention {dim: 16}
  losses:
    utt: !loss:relational_proxy {proto_scale: 10.0}
    mm: !loss:monotonic_matching {}
optimizer: !name:torch.optim.AdamW {lr: 1.0e-2}
scheduler: !name:torch.optim.lr_scheduler.StepLR {step_size: 1}
training: {epochs: 2, keywords: 6}
"""


@pytest.fixture(scope="module")
def run(mini_corpus, tmp_path_factory, sung_words):
    """A corpus trained, scored (with recordings of other speakers) and reported: the folder of the run."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "config.yaml").write_text(CONFIGURATION)
    train(folder / "config.yaml", mini_corpus, folder / "exp", device="cpu")
    score(mini_corpus, folder / "exp", words_dir=sung_words, device="cpu")
    write_report(folder / "exp", mini_corpus)
    return folder / "exp"


@pytest.fixture(scope="module")
def sung_words(tmp_path_factory, sing):
    """Four words by three other speakers: a folder a word, at 8 kHz, and one file that is no audio."""
    folder = tmp_path_factory.mktemp("words")
    for word in ("banana", "yellow", "tiger", "meadow"):
        (folder / word).mkdir()
        for speaker in (5, 6, 7):
            soundfile.write(folder / word / f"{speaker}.wav", sing(word, speaker, take=1)[::2], 8000)
    (folder / "tiger" / "broken.wav").write_bytes(b"RIFF")
    return folder


def results(run):
    found = json.loads((run / "results.json").read_text())
    return {(row["model"], row["trials_name"]): row for row in found["results"]}, found["run"]


def test_results_are_those_of_the_score_files(run):
    rows, _ = results(run)
    assert set(rows) == {(m, t) for m in ("trained", "untrained") for t in ("test_wsj", "human")}
    for (model, trials), row in rows.items():
        scores, facts = read_records(run / "scores" / model / f"{trials}.tsv", "scores")
        expected = average_precision_score(scores["target"].to_numpy(), scores["score"].to_numpy())
        assert row["ap"]["value"] == pytest.approx(expected, abs=1e-9)
        assert row["ap"]["low"] <= row["ap"]["value"] <= row["ap"]["high"]
        assert facts["model"].startswith(f"{model}:")


def test_recordings_of_people_are_tried_with_every_typed_word(run):
    rows, _ = results(run)
    human = rows["trained", "human"]
    assert human["protocol"] == "all_pairs"
    assert (human["trials"], human["positives"], human["words"]) == (4 * 3 * 4, 4 * 3, 4)
    scores, _ = read_records(run / "scores" / "trained" / "human.tsv", "scores")
    right = []
    for utt_id in scores["utt_id"].unique().to_pylist():
        mine = [row for row in scores.to_pylist() if row["utt_id"] == utt_id]
        right.append(max(mine, key=lambda row: row["score"])["target"])
    assert human["top1"]["value"] == pytest.approx(np.mean(right))


def test_scoring_again_keeps_the_score_files(run, mini_corpus):
    path = run / "scores" / "trained" / "test_wsj.tsv"
    before = path.stat().st_mtime_ns
    score(mini_corpus, run, device="cpu")
    assert path.stat().st_mtime_ns == before


def test_showcase_holds_embeddings_and_affinities(run):
    found = np.load(run / "embeddings.npz")
    assert found["audio"].shape == (16, 16)
    assert found["text"].shape == (4, 16)
    np.testing.assert_allclose(np.linalg.norm(found["audio"], axis=1), 1, atol=1e-5)
    for k, word in enumerate(found["affinity_words"]):
        assert word in set(found["text_word"])
        assert len(found[f"affinity_{k}"]) == len(found[f"affinity_tokens_{k}"])
        np.testing.assert_allclose(found[f"affinity_{k}"].sum(1), 1, atol=1e-4)


def test_the_report_shows_the_results(run):
    rows, _ = results(run)
    page = (run / "report" / "index.html").read_text()
    assert f"{100 * rows['trained', 'test_wsj']['ap']['value']:.1f}" in page
    assert r"Protocol all\_pairs" in (run / "report" / "RESULTS.md").read_text()


def test_packing_again_keeps_the_stores(mini_corpus, capsys):
    pack_corpus(mini_corpus, jobs=1)
    first = {path: path.stat().st_mtime_ns for path in (mini_corpus / "store").rglob("*.arrow")}
    pack_corpus(mini_corpus, jobs=1)
    assert {path: path.stat().st_mtime_ns for path in (mini_corpus / "store").rglob("*.arrow")} == first
    assert "train: 48 segments, 12 words" in capsys.readouterr().out
    assert "banana\tB AH0 N AE1 N AH0" in (mini_corpus / "lexicon.tsv").read_text()


def test_what_training_heard_is_in_the_report(mini_corpus, tmp_path):
    augments = "  wave_augment: !augment:waveform {}\n  feature_augment: !augment:spec_augment {}\n"
    (tmp_path / "config.yaml").write_text(CONFIGURATION.replace("  losses:", f"{augments}  losses:"))
    train(tmp_path / "config.yaml", mini_corpus, tmp_path / "exp", overrides={"training.epochs": "1"}, device="cpu")
    shown = np.load(tmp_path / "exp/train/augmentation.npz")
    words = shown["words"].tolist()
    assert len(words) == 4
    manifest = read_records(mini_corpus / "manifests/train.tsv", "manifest")[0].to_pylist()
    for k, word in enumerate(words):
        recorded = [
            soundfile.read(mini_corpus / row["path"], dtype="int16")[0] for row in manifest if row["word"] == word
        ]
        assert any(np.abs(shown[f"wav_{k}_0"][: len(wav)].astype(int) - wav).max() <= 1 for wav in recorded)
        assert not np.array_equal(shown[f"feats_{k}_1"], shown[f"feats_{k}_2"])
    score(mini_corpus, tmp_path / "exp", device="cpu")
    page = write_report(tmp_path / "exp", mini_corpus).read_text()
    section = page[page.index('id="heard"') : page.index('id="errors"')]
    assert section.count("<svg") == section.count("<audio") == 12


def test_recordings_that_cannot_be_read_cost_their_trials_and_nothing_else(mini_corpus, tmp_path, capsys):
    """A recording of the dev and one of the test set are cut off: a header that promises more than there is."""
    data = tmp_path / "data"
    shutil.copytree(mini_corpus, data, ignore=shutil.ignore_patterns("store"))
    for name in ("dev_lemon_0", "test_tiger_1"):
        path = data / f"audio/{name}.wav"
        pcm, rate = soundfile.read(path)
        soundfile.write(path.with_suffix(".flac"), pcm, rate)
        path.write_bytes(path.with_suffix(".flac").read_bytes()[:2000])
    pack_corpus(data, jobs=1, on_bad="skip")
    (tmp_path / "config.yaml").write_text(CONFIGURATION)
    train(tmp_path / "config.yaml", data, tmp_path / "exp", overrides={"training.epochs": "1"}, device="cpu")
    score(data, tmp_path / "exp", device="cpu")
    listed = read_records(data / "trials/test_wsj.tsv", "trials")[0]
    gone = listed["utt_id"].to_pylist().count("test-tiger-1")
    assert gone > 0
    scores, facts = read_records(tmp_path / "exp/scores/trained/test_wsj.tsv", "scores")
    assert len(scores) == len(listed) - gone
    weights = (tmp_path / "exp/model/model.safetensors").read_bytes()
    assert facts["model"] == f"trained:{hashlib.sha256(weights).hexdigest()[:16]}"  # or it would be scored for ever
    assert is_scored(data, tmp_path / "exp", ["test_wsj"])
    assert "test-tiger-1" not in scores["utt_id"].to_pylist()
    assert results(tmp_path / "exp")[0]["trained", "test_wsj"]["trials"] == len(scores)
    assert f"test_wsj: {gone} of {len(listed)} trials are left out: stage 2 could not read" in capsys.readouterr().out

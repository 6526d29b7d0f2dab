"""recipes/std on a miniature of LibriSpeech's test-clean: sung sentences, a CTM, one tiny model."""

import json

import numpy as np
import pytest
import soundfile

from kwskit.data.audio import read_segment
from kwskit.data.records import read_records

RATE = 16_000
WORDS = ("tiger", "button", "meadow", "copper", "rocket", "lemon", "castle", "harbor", "window", "marble", "the")


@pytest.fixture(scope="module")
def run(run_recipe):
    def run(*flags, status=0):
        done = run_recipe("std", "--size", "tiny", *flags, status=status)
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, sing):
    """<corpus>/LibriSpeech/test-clean/<speaker>/<chapter>/… and test-clean.ctm; what is said when, by utterance."""
    corpus = tmp_path_factory.mktemp("librispeech")
    rng = np.random.default_rng(3)
    lines, said = [], {}
    for speaker in (61, 121, 237, 260, 672, 908):
        folder = corpus / f"LibriSpeech/test-clean/{speaker}/70968"
        folder.mkdir(parents=True)
        for number in range(3):
            name, pieces, at = f"{speaker}-70968-{number:04d}", [], 0
            said[name] = []
            for word in rng.permutation(WORDS)[:6]:
                silence, sung = 0.01 * rng.standard_normal(2400), sing(str(word), speaker % 5, number)
                start, at = at + len(silence), at + len(silence) + len(sung)
                pieces += [silence, sung]
                said[name].append((str(word), start / RATE, at / RATE))
                lines.append(f"{name} 1 {start / RATE:.3f} {len(sung) / RATE:.3f} {word.upper()}")
            soundfile.write(folder / f"{name}.flac", np.concatenate(pieces), RATE)
    lines.append("61-70968-0001 1 99.0 0.5 LATE")
    lines.append("7021-79730-0001 1 0.1 0.5 ELSEWHERE")
    (corpus / "test-clean.ctm").write_text("\n".join(lines) + "\n")
    (corpus / "LibriSpeech/test-clean/61/70968/61-70968-0009.flac").write_bytes(b"fLaC")
    return corpus, said


@pytest.fixture(scope="module")
def finished(corpus, tiny_model, tmp_path_factory, run):
    folder = tmp_path_factory.mktemp("std run")
    flags = [
        "--data",
        str(folder / "data"),
        "--exp",
        str(folder / "exp"),
        "--model",
        str(tiny_model),
        "--join",
        "chapter",
    ]
    flags += ["--corpus", str(corpus[0]), "--alignments", str(corpus[0] / "test-clean.ctm"), "--windows", "0.3,0.4"]
    (folder / "vocabulary.txt").write_text("tiger\nmeadow\nmarble\n")
    flags += ["--vocabulary", str(folder / "vocabulary.txt"), "--dev", "0.34", "--exemplars", "0.34"]
    return folder, flags, run(*flags)


def tables(folder, name):
    kinds = ("recordings", "queries", "occurrences")
    return [read_records(folder / "data/search" / name / f"{kind}.tsv", kind) for kind in kinds]


def test_chapters_are_joined_and_words_stay_where_they_are(finished, corpus):
    folder, _, _ = finished
    for name in ("dev", "test"):
        (recordings, _), (queries, facts), (occurrences, _) = tables(folder, name)
        assert len(recordings) == 2
        for row in recordings.to_pylist():
            members = sorted(utt for utt in corpus[1] if utt.startswith(row["recording"]))
            paths = [corpus[0] / f"LibriSpeech/test-clean/{utt.split('-')[0]}/70968/{utt}.flac" for utt in members]
            wavs = [read_segment(path) for path in paths]
            pause = np.zeros(RATE // 2, np.int16)
            expected = np.concatenate([piece for wav in wavs for piece in (pause, wav)][1:])
            np.testing.assert_array_equal(read_segment(folder / "data" / row["path"]), expected)
            assert row["stop"] == pytest.approx(len(expected) / RATE)
            starts = np.cumsum([0] + [len(wav) / RATE + 0.5 for wav in wavs[:-1]])
            asked = set(queries["text"].to_pylist())
            where = {
                (f"{word}", round(start + at, 2))
                for utt, at in zip(members, starts, strict=True)
                for word, start, _ in corpus[1][utt]
                if word in asked
            }
            found = occurrences.to_pylist()
            assert {(o["query"], round(o["start"], 2)) for o in found if o["recording"] == row["recording"]} == where
        assert "the" not in queries["text"].to_pylist()
        assert set(queries["group"].to_pylist()) == {"iv", "oov"}
        assert facts["windows"] == "0.3,0.4"
    assert tables(folder, "test")[1][1]["dev"] == "dev"


def test_nobody_who_gives_examples_is_searched(finished):
    folder, _, _ = finished
    manifest, _ = read_records(folder / "data/manifests/exemplars.tsv", "manifest")
    searched = {}
    for name in ("dev", "test"):
        searched[name] = {row.split("-")[0] for row in tables(folder, name)[0][0]["recording"].to_pylist()}
    examples = set(manifest["speaker"].to_pylist())
    assert len(examples | searched["dev"] | searched["test"]) == len(examples) + 4
    assert len(set(manifest["word"].to_pylist())) == len(manifest)
    (_, _), (spoken, facts), _ = tables(folder, "test_spoken")
    words = dict(zip(manifest["utt_id"].to_pylist(), manifest["word"].to_pylist(), strict=True))
    for row in spoken.to_pylist():
        assert row["text"] == ""
        assert words[row["utt_id"]] == row["query"]
    assert facts["store"] == "exemplars"


def test_results_and_report(finished):
    folder, _, out = finished
    rows = json.loads((folder / "exp/results.json").read_text())["results"]
    by_name = {row["trials_name"]: row for row in rows if row["model"] == "trained"}
    assert list(by_name) == ["search_dev", "search_test", "search_dev_spoken", "search_test_spoken"]
    test = by_name["search_test"]
    assert test["threshold"] == by_name["search_dev"]["mtwv_threshold"]
    # Whether any threshold is better than silence depends on a model that has hardly been trained.
    assert test["threshold"] is not None or test["metrics"]["atwv"]["value"] == 0
    assert "atwv" in test["metrics"]
    detections, _ = read_records(folder / "exp/scores/trained/search_test.tsv", "detections")
    assert len(detections) == test["detections"] > 0
    assert f"| mAP | {100 * test['metrics']['map']['value']:.1f} " in (folder / "exp/report/RESULTS.md").read_text()
    assert "Searches of long recordings" in (folder / "exp/report/index.html").read_text()
    assert "| OTWV |" in out


def test_what_was_left_out_is_told(finished):
    folder, _, out = finished
    left = (folder / "data/left_out.tsv").read_text()
    assert "61-70968-0001: 'late' ends at 99.5 s" in left
    assert "61-70968-0009.flac" in left
    assert "left out" in out
    assert "elsewhere" not in left


def test_again_there_is_nothing_to_do_and_strictness_stops(finished, tmp_path, run):
    folder, flags, _ = finished
    assert "there already" in run(*flags, "--stage", "1", "--stop_stage", "1")
    flags = [str(tmp_path) if flag == str(folder / "data") else flag for flag in flags]
    result = run(*flags, "--stage", "1", "--stop_stage", "1", "--strict", status=1)
    assert "--strict" in result
    assert not (tmp_path / "search").exists()

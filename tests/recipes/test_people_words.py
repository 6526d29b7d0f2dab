"""Stage 1 of recipes/people_words on sung sentences: nothing of dev and test is heard in training."""

import itertools

import numpy as np
import pytest

from kwskit.corpora.held_back import part_of
from kwskit.data.manifest import read_manifest
from kwskit.data.records import read_records

# fmt: off
WORDS = [
    "banana", "window", "marble", "kitten", "garden", "velvet", "silver", "forest", "pencil",
    "thunder", "copper", "meadow", "lantern", "harbour", "violet", "candle", "mountain", "river",
    "basket", "button", "feather", "ladder", "island", "pepper", "rocket", "saddle", "timber",
    "walnut",
]
# fmt: on


def part(who):
    """What the README says: packaged models' dev and test stay, and of the rest some are moved."""
    more = [part_of(f"people_words {k} librispeech", who) for k in range(3)]
    own = part_of("librispeech", who)
    return own if own != "train" else "test" if "test" in more else more[0]


@pytest.fixture(scope="module")
def finished(make_librispeech, stage_one, tmp_path_factory):
    folder = tmp_path_factory.mktemp("people words")
    rng = np.random.default_rng(1)
    speakers = {}
    for wanted, count in (("train", 4), ("dev", 2), ("test", 3)):
        names = itertools.islice((name for name in map(str, range(100, 9999)) if part(name) == wanted), count)
        speakers |= {name: wanted for name in names}
    said = {name: [" ".join(rng.choice(WORDS, 5, replace=False)) for _ in range(12)] for name in speakers}
    said = {name: ["seven " + own[0], *own[1:]] for name, own in said.items()}
    make_librispeech(folder / "corpus", {"train-clean-5": said})
    flags = ["--data", str(folder / "data"), "--librispeech", str(folder / "corpus"), "--jobs", "1"]
    stage_one("people_words")([*flags, "--dev_words", "4", "--test_words", "5", "--negatives", "3", "--phrases", "60"])
    return folder / "data", speakers


def test_nothing_of_dev_and_test_is_heard_in_training(finished):
    data, speakers = finished
    names = ("train", "dev", "test", "test_noisy", "test_iv", "test_phrases")
    tables = {name: read_manifest(data / f"manifests/{name}.tsv") for name in names}
    people = {name: set(table["speaker"].to_pylist()) for name, table in tables.items()}
    texts = {name: set(table["word"].to_pylist()) for name, table in tables.items()}
    for name, found in people.items():
        wanted = "test" if name.startswith("test") else name
        assert found <= {f"librispeech-{who}" for who, own in speakers.items() if own == wanted}
    spoken = {word for text in texts["train"] for word in text.split()}
    assert any(" " in text for text in texts["train"])
    assert spoken.isdisjoint(texts["dev"] | texts["test"] | {"seven"})
    assert texts["dev"].isdisjoint(texts["test"])
    assert texts["test_iv"] <= texts["train"]
    assert texts["test_phrases"].isdisjoint(texts["train"])
    assert {len(text.split()) for text in texts["test_phrases"]} == {1, 2, 3}  # four sung words take over 2 s
    counts = tables["train"]["word"].value_counts().to_pylist()
    assert min(one["counts"] for one in counts) >= 2


def test_the_noisy_test_is_the_test_in_noise(finished):
    data, _ = finished
    clean, noisy = (read_manifest(data / f"manifests/{name}.tsv") for name in ("test", "test_noisy"))
    assert clean["utt_id"].equals(noisy["utt_id"])
    assert clean["path"] != noisy["path"]
    lists = [read_records(data / f"trials/{name}_wsj.tsv", "trials") for name in ("test", "test_noisy")]
    assert lists[0][0].equals(lists[1][0])
    assert lists[1][1]["noise"] == "synthetic"
    assert lists[0][1]["seed"] == lists[1][1]["seed"] == "7"


def test_what_is_scored(finished):
    data, _ = finished
    tasks = (data / "evaluation.txt").read_text().split()
    lists = ["test_wsj", "test_noisy_wsj", "test_phrases_easy", "test_phrases_hard"]
    assert tasks == [*lists, "segments_test_iv", "segments_test"]
    assert all((data / f"trials/{name}.tsv").is_file() for name in [*lists, "dev_wsj"])


def test_a_corpus_is_needed(stage_one, tmp_path):
    with pytest.raises(SystemExit, match="name at least one corpus of people: --librispeech DIR"):
        stage_one("people_words")(["--data", str(tmp_path)])

"""Files of adapted keywords: what is written is read, and what is damaged or strange is refused in a line."""

import dataclasses
import io
import json
import os
import random

import numpy as np
import pytest

from kwskit.spotting.adapted.card import AdaptationCard, HeldOut
from kwskit.spotting.adapted.head import MOST_PARAMETERS, AdaptedHead
from kwskit.spotting.adapted.keyword_file import AdaptedKeyword, KeywordFileError, read_keyword_file
from kwskit.spotting.phoneme_scores import WEIGHT
from kwskit.spotting.spotter import Spotter

CARD = AdaptationCard(
    engines=("espeak",),
    left_out=("pico",),
    utterances=3,
    other_utterances=4,
    recordings=0,
    fa_per_hour=0.5,
    minutes=20.0,
    typed_threshold=3.5,
    adapted_threshold=3.75,
    said=HeldOut(40, 20, 30),
    near=HeldOut(30, 10, 5),
    said_recorded=HeldOut(2, 1, 2),
    not_recorded=HeldOut(0, 0, 0),
)


@pytest.fixture
def adapted(sung_model):
    rng = np.random.default_rng(0)
    head = AdaptedHead.unmoved(sung_model.dim, "ab")
    head = dataclasses.replace(head, out=rng.normal(size=len(head.out)).astype(np.float32))
    tokens = tuple(map(tuple, sung_model.tokenizer.encode("hey nova")))
    return AdaptedKeyword("hey nova", "sung", sung_model.digest, False, tokens, head, CARD)


@pytest.fixture
def path(adapted, tmp_path):
    adapted.save(tmp_path / "nova.kw")
    return tmp_path / "nova.kw"


def refused(path):
    """Whether it is refused, in a short line that names the file."""
    try:
        read_keyword_file(path)
    except KeywordFileError as error:
        result = str(error)
        assert result.startswith(str(path))
        assert "\n" not in result
        assert len(result) < len(str(path)) + 300
        return True
    return False


def rewritten(path, **changes):
    with np.load(path) as arrays:
        found = {name: arrays[name] for name in arrays.files} | changes
    with path.open("wb") as file:
        np.savez(file, **{name: array for name, array in found.items() if array is not None})


def test_what_is_written_is_read(adapted, path):
    found = read_keyword_file(path)
    for name in ("typed", "model", "digest", "streaming", "tokens", "card"):
        assert getattr(found, name) == getattr(adapted, name)
    for name in ("hidden", "bias", "out"):
        np.testing.assert_array_equal(getattr(found.head, name), getattr(adapted.head, name))
    assert found.head.background == "ab"


def test_it_is_enrolled_with_its_head_and_has_no_text_beside_it(sung_model, adapted, path):
    spotter = Spotter(sung_model)
    keyword = spotter.enrol(file=path, threshold=3)
    typed = Spotter(sung_model).enrol("hey nova", threshold=3)
    assert spotter.keywords["hey nova"] is keyword
    np.testing.assert_array_equal(keyword.embeddings, typed.embeddings)
    assert (keyword.windows, keyword.tokens) == (typed.windows, typed.tokens)
    np.testing.assert_array_equal(keyword.head.out, adapted.head.out)
    assert spotter.enrol(file=path, name="mine", threshold=3).name == "mine"
    with pytest.raises(ValueError, match=r"nova\.kw: a keyword file has its text"):
        spotter.enrol("tiger", file=path)


def test_models_that_hear_phonemes_have_theirs_too(phoneme_sung_model, adapted, tmp_path):
    model = phoneme_sung_model
    dataclasses.replace(adapted, digest=model.digest, streaming=True).save(tmp_path / "nova.kw")
    spotter = Spotter(model)
    keyword = spotter.enrol(file=tmp_path / "nova.kw", threshold=-9)
    np.testing.assert_array_equal(keyword.head.out, adapted.head.out)
    hits = spotter.spot(model.stream_of("hey nova")[0])
    assert hits[0].score == pytest.approx(hits[0].embedding + WEIGHT * hits[0].phonemes, abs=1e-5)


def test_another_model_another_way_to_listen_and_other_readings_are_refused(
    sung_model, streaming_sung_model, phoneme_sung_model, adapted, path, tmp_path
):
    with pytest.raises(KeywordFileError, match=r"nova\.kw: .* to the model sung, of the digest 5019"):
        Spotter(phoneme_sung_model, streaming=False).enrol(file=path)
    with pytest.raises(KeywordFileError, match="this spotter listens otherwise"):
        Spotter(streaming_sung_model, streaming=True).enrol(file=path)
    (tmp_path / "mine.dict").write_text("nova N AA V AH\n")
    with pytest.raises(KeywordFileError, match="with other readings"):
        Spotter(sung_model, lexicon=tmp_path / "mine.dict").enrol(file=path)
    narrow = dataclasses.replace(adapted, head=AdaptedHead.unmoved(3))
    narrow.save(path)
    with pytest.raises(KeywordFileError, match="adapt it again"):
        Spotter(sung_model).enrol(file=path)


def test_damage_of_any_kind_is_refused_or_does_no_harm(path):
    rng, whole = random.Random(0), path.read_bytes()
    outcomes = []
    for _ in range(60):
        damaged = bytearray(whole[: rng.choice((len(whole), len(whole), rng.randrange(len(whole))))])
        for _ in range(rng.choice((1, 2, 8))):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(bytes(damaged))
        outcomes.append(refused(path))
    assert sum(outcomes) > 30


def test_strange_arrays_are_refused(path):
    whole = path.read_bytes()
    big = MOST_PARAMETERS
    strange = {
        "hidden": [np.zeros((0, 48)), np.float32(1), np.full((45, 48), np.nan, np.float32), np.zeros((45, 48)), None],
        "bias": [np.zeros(3, np.float32), np.array("x"), None],
        "out": [np.full(48, np.inf, np.float32), np.zeros((48, 1), np.float32)],
        "facts": [np.array("{"), np.array("[]"), np.array(3), np.array("[" * 100_000), None],
        "keyword_version": [np.array(2), np.array([1]), np.array("1"), np.array(True), None],
    }
    for name, arrays in strange.items():
        for array in arrays:
            path.write_bytes(whole)
            rewritten(path, **{name: array})
            assert refused(path), (name, array)
    path.write_bytes(whole)
    many = {one: np.zeros(big // 40, np.float32) for one in ("bias", "out")}
    many["hidden"] = np.zeros((45, big // 40), np.float32)
    rewritten(path, **many)
    assert refused(path)
    for make in (os.mkfifo, os.mkdir):
        path.unlink()
        make(path)
        assert refused(path)
        path.rmdir() if path.is_dir() else None
        path.touch()


def test_strange_facts_are_refused(path):
    with np.load(path) as arrays:
        facts = json.loads(str(arrays["facts"]))
    whole = path.read_bytes()
    card = facts["card"]
    for changed in (
        {"typed": 3},
        {"streaming": 1},
        {"tokens": "abc"},
        {"tokens": [[]]},
        {"tokens": [[1.5]]},
        {"more": 1},
        {"card": card | {"utterances": -1}},
        {"card": card | {"engines": [3]}},
        {"card": card | {"said": {"trials": 1, "typed": 2, "adapted": 0}}},
        {"card": card | {"minutes": float("nan")}},
        {"card": {}},
    ):
        path.write_bytes(whole)
        rewritten(path, facts=np.array(json.dumps(facts | changed)))
        assert refused(path), changed


def test_objects_are_not_unpickled(path, tmp_path):
    class Code:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    file = io.BytesIO()
    np.savez(file, facts=np.array([Code()], dtype=object))
    path.write_bytes(file.getvalue())
    assert refused(path)
    assert not (tmp_path / "ran").exists()


def test_the_card_tells_mistakes_and_where_there_are_too_few(adapted):
    lines = "\n".join(adapted.card.lines())
    assert "it, by other voices: missed typed 20, adapted 10 of 40\n" in lines
    assert "other words near it, by other voices: heard as it typed 10, adapted 5 of 30\n" in lines
    assert "your recordings of it: missed typed 1, adapted 0 of 2; too few to tell" in lines
    assert "left out: pico" in lines
    assert AdaptationCard.of_json(json.loads(json.dumps(adapted.card.as_json()))) == adapted.card

"""Models of strangers, and damaged ones: refused in a line that names file and field, in little memory and time."""

import json
import os
import random
import re
import struct
import time

import pytest
import safetensors.torch
import torch

from kwskit.errors import ModelError
from kwskit.hparams import HparamsError
from kwskit.systems.model_directory import load_model, save_model, untrained_model

ROUNDS = int(os.environ.get("KWSKIT_FUZZ", "1"))
HUGE = 1_000_000_000


@pytest.fixture
def directory(model, configuration, tmp_path):
    save_model(tmp_path / "model", model.system, configuration, "# card\n")
    return tmp_path / "model"


@pytest.fixture
def text(directory):
    return (directory / "model.yaml").read_text()


def refused(directory, expected=r"model\.(yaml|safetensors): "):
    """The message, having checked that there is one, in one line that names a file of ``directory``."""
    begin = time.process_time()
    with pytest.raises((ModelError, HparamsError), match=expected) as error:
        load_model(directory)
    facts = str(error.value)
    assert facts.startswith(str(directory))
    assert "\n" not in facts
    assert len(facts) < 1000
    assert time.process_time() - begin < 20
    return facts


def bomb():
    """Nine levels of ten aliases each: a billion."""
    levels = [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10 if k else ['lol'] * 10)}]" for k in range(9)]
    return "\n".join(levels) + "\n"


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("extra: !new:os.system [ls]", "only registry tags"),
        ("extra: !!python/object/apply:os.system [ls]", "only registry tags"),
        ("extra: !!python/name:os.system", "only registry tags"),
        ("extra: !include:/etc/passwd", "only registry tags"),
        ("extra: !augment:musan {folder: /etc}", "only registry tags"),
        ("extra: !voice:espeak {}", "only registry tags"),
        ("extra: !loss:clat {level: utt}", "only registry tags"),
        (bomb(), "anchors and aliases are not allowed"),
        ("extra: &loop [*loop]", "anchors and aliases are not allowed"),
        ("base: &base {a: 1}\nextra: {<<: *base}", "anchors and aliases are not allowed"),
        ("extra: " + "[" * 100_000, "nested more than 20 deep"),
        ("extra: " + "{a: " * 100_000, "nested more than 20 deep"),
        ("extra: [" + "1," * 60_000 + "1]", "more than 50,000 values"),
        ("extra: 10000000000", "numbers may not exceed 1,048,576"),
        ("extra: " + "9" * 10_000, "numbers may not exceed"),
        ("extra: .nan", "numbers may not exceed"),
        ("extra: [-.inf]", "numbers may not exceed"),
        ("extra: 1e300", "numbers may not exceed"),
        ("system: {}", "duplicate key"),
        ("extra: !!int abc", r"model\.yaml: not a plain value"),
        ("extra: !!timestamp abc", r"model\.yaml: "),
        ("extra: [", "only registry tags"),
        ("extra: \0", "only registry tags"),
        ("--- {}\n--- {}", "only registry tags"),
        ("extra: !tokenizer:phoneme [1]", "takes named arguments"),
        ("extra: !tokenizer:phoneme {1: 2}", "line 8: !tokenizer:phoneme"),
        ("extra: !tokenizer:phoneme {kind: a}", "no argument 'kind'"),
        ("extra: !tokenizer:phoneme {max_pronunciations: 1000000}", "max_pronunciations must lie in 1 to 100"),
        ("extra: !tokenizer:nonsense {}", "unknown tokenizer 'nonsense'"),
        ("# " + "x" * 2**20, "bytes are more than a model's"),
    ],
    ids=lambda value: value[:40],
)
def test_a_description_does_nothing_but_build_parts(directory, text, extra, expected):
    (directory / "model.yaml").write_text(f"{text.rstrip()}\n{extra}\n")
    refused(directory, expected)


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"tokenizer: \xe9", b"", b"[]", b"null", b"a: 1", b"\x00" * 100])
def test_a_description_that_is_none_is_refused(directory, data):
    (directory / "model.yaml").write_bytes(data)
    refused(directory)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("hidden: 8", "hidden: 1000000", "line 6: !text_encoder:bilstm: more than .* weights"),
        ("layers: 1", "layers: 1000000", "line 6: !text_encoder:bilstm: more than .* weights"),
        ("num_tokens: 75", "num_tokens: 1000000", "more than .* weights"),
        ("num_mels: 40", "num_mels: 1000000", "line 3: !frontend:log_mel: more than .* constants"),
        ("num_mels: 40", "window: 1000", "more than .* constants"),
        ("num_mels: 40", "sample_rate: 1000000", "more than .* constants"),
        ("scale: 4", "scale: 4, dilations: [1000000]", "dilations must lie in 1 to 1,000 frames"),
        ("scale: 4", f"scale: 4, dilations: [{', '.join('1' * 9999)}]", "more than"),
        ("hidden: 8", "hidden: 6", r"safetensors: does not fit model.yaml: text_encoder.* expected"),
        ("layers: 1", "layers: 2", "does not fit model.yaml: it lacks text_encoder"),
        ("hidden: 8", "hidden: eight", "!text_encoder:bilstm: "),
        ("hidden: 8", "hidden: 8.5", "!text_encoder:bilstm: "),
        ("hidden: 8", "hidden: null", "!text_encoder:bilstm: "),
        ("hidden: 8", "hidden: [8]", "!text_encoder:bilstm: "),
        ("hidden: 8", "hidden: -8", "!text_encoder:bilstm: "),
        ("scale: 4", "scale: 0", "!encoder:ecapa: "),
        ("!encoder:ecapa", "!text_encoder:ecapa", "unknown text_encoder 'ecapa'"),
        ("!frontend:log_mel {num_mels: 40}", "3", "do not work together"),
        ("!frontend:log_mel {num_mels: 40}", "!pooler:mean {dim: 12}", "do not work together"),
        ("num_mels: 40", "num_mels: 30", "do not work together"),
        ("!tokenizer:phoneme {stress: true}", "!pooler:mean {}", "'tokenizer' must be a !tokenizer: part"),
    ],
)
def test_what_the_weights_do_not_bear_out_is_not_built(directory, text, old, new, expected):
    assert old in text
    (directory / "model.yaml").write_text(text.replace(old, new, 1))
    refused(directory, expected)
    if "together" not in expected:  # which takes weights to see
        with pytest.raises((ModelError, HparamsError)):
            untrained_model(directory, seed=1)


def test_a_tokenizer_with_more_symbols_than_the_encoder_knows_is_refused(directory, text):
    pieces = ", ".join(f"'{chr(code)} -1'" for code in range(0x4E00, 0x4E00 + 200))
    changed = re.sub("!tokenizer:phoneme.*", f"!tokenizer:subword {{pieces: [{pieces}]}}", text)
    (directory / "model.yaml").write_text(changed)
    refused(directory, "the parts do not work together: index out of range")


def test_a_lexicon_travels_with_its_model_and_no_other_file_is_read(model, configuration, tmp_path):
    (tmp_path / "mine.tsv").write_text("kwskit\tK W IH1 Z K IH2 T\n")
    with_lexicon = configuration.replace("stress: true", f"stress: true, lexicon: {tmp_path}/mine.tsv")
    directory = tmp_path / "model"
    save_model(directory, model.system, with_lexicon, "# card\n")
    (tmp_path / "mine.tsv").unlink()
    tokenizer = load_model(directory).tokenizer
    assert tokenizer.decode(tokenizer.encode("kwskit")[0]) == ["K", "W", "IH1", "Z", "K", "IH2", "T"]
    text = (directory / "model.yaml").read_text()
    assert "lexicon: lexicon.tsv" in text
    (tmp_path / "secret").write_text("my password\n")
    (directory / "link.tsv").symlink_to(tmp_path / "secret")
    for name in ("/etc/passwd", f"{tmp_path}/secret", "../secret", "link.tsv", "none.tsv", "..", "3", "[a]", "{}"):
        (directory / "model.yaml").write_text(text.replace("lexicon: lexicon.tsv", f"lexicon: {name}"))
        assert "password" not in refused(directory, r"line 1: !tokenizer:phoneme: .*(beside model\.yaml|leads out)")
    # Caches keep a file once and link to it.
    (tmp_path / "blobs").mkdir()
    for number, file in enumerate(sorted(directory.iterdir())):
        if not file.is_symlink():
            file.rename(tmp_path / "blobs" / str(number))
            file.symlink_to(tmp_path / "blobs" / str(number))
    (directory / "model.yaml").write_text(text)
    load_model(directory)


@pytest.mark.parametrize("name", ["model.yaml", "model.safetensors"])
@pytest.mark.parametrize("place", ["pipe", "device", "folder", "circle", "gone"])
def test_what_is_no_file_is_not_waited_for(directory, name, place):
    path = directory / name
    path.unlink()
    if place == "pipe":
        os.mkfifo(path)
    elif place == "folder":
        path.mkdir()
    elif place != "gone":
        path.symlink_to("/dev/zero" if place == "device" else path)
    refused(directory, "cannot be read")


def header(entries, length=None, data=b""):
    facts = json.dumps(entries).encode()
    return struct.pack("<Q", len(facts) if length is None else length) + facts + data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 7,
        header({}),
        header({}, length=2**63),
        header({}, length=2**40),
        header({"w": {"dtype": "F32", "shape": [HUGE, HUGE], "data_offsets": [0, 4]}}, data=bytes(4)),
        header({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2**60]}}, data=bytes(4)),
        header({"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, data=bytes(4)),
        header({"w": {"dtype": "PICKLE", "shape": [1], "data_offsets": [0, 4]}}, data=bytes(4)),
        header({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, data=bytes(4)),
        header({f"w{k}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for k in range(20_000)}),
        header([1, 2, 3]),
        b"PK\x03\x04" + bytes(100),
        b"\x80\x04cos\nsystem\n",
    ],
    ids=range(14),
)
def test_weights_that_are_none_are_refused(directory, data):
    (directory / "model.safetensors").write_bytes(data)
    refused(directory)


def test_damaged_weights_are_refused_or_are_numbers(directory):
    path = directory / "model.safetensors"
    whole, rng = path.read_bytes(), random.Random(1)
    size = 8 + struct.unpack("<Q", whole[:8])[0]
    cuts = [0, 1, 8, size - 1, size, len(whole) - 1, *rng.sample(range(len(whole)), 10 * ROUNDS)]
    for cut in cuts:
        path.write_bytes(whole[:cut])
        refused(directory)
    for _ in range(40 * ROUNDS):
        damaged = bytearray(whole)
        for _ in range(rng.choice((1, 4, 16))):
            damaged[rng.randrange(size)] = rng.randrange(256)
        path.write_bytes(damaged)
        try:
            load_model(directory)  # a flipped digit of an offset may swap two weights
        except ModelError as error:
            assert "\n" not in str(error)  # noqa: PT017 (either is right)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda w: w.popitem(), "does not fit model.yaml: it lacks"),
        (lambda w: w.update(extra=torch.zeros(2)), "does not fit model.yaml: nothing there has extra"),
        (lambda w: w.update({"x" * 5000: torch.zeros(2)}), "nothing there has x+[.]{3}$"),
        (lambda w: next(v for v in w.values() if v.is_floating_point()).fill_(torch.nan), "holds NaN or infinite"),
        (lambda w: next(v for v in w.values() if v.is_floating_point()).fill_(torch.inf), "holds NaN or infinite"),
        (lambda w: w.update({k: v.int() for k, v in w.items()}), "is of type torch.int32, expected torch.float32"),
        (lambda w: [v.fill_(-9) for k, v in w.items() if k.endswith("running_var")], "encoded as NaN"),
    ],
    ids=["lacks", "more", "long name", "nan", "infinite", "whole", "variance"],
)
def test_weights_that_do_not_fit_are_named(directory, change, expected):
    path = directory / "model.safetensors"
    weights = {name: tensor.clone() for name, tensor in safetensors.torch.load_file(path).items()}
    change(weights)
    safetensors.torch.save_file(weights, path)
    refused(directory, expected)


def test_numbers_and_words_of_a_description_changed_at_random(directory, text):
    rng = random.Random(2)
    values = ("0", "-1", "1000000", "0.5", "1e-9", "7", "null", "true", "abc", "[1, 2]", "{}", ".nan", "''")
    places = list(re.finditer(r"(?<=: )[\w.]+(?=[,}\n])", text))
    outcomes = set()
    for _ in range(60 * ROUNDS):
        place = rng.choice(places)
        changed = text[: place.start()] + rng.choice(values) + text[place.end() :]
        (directory / "model.yaml").write_text(changed)
        try:
            load_model(directory)
            outcomes.add("loaded")
        except (ModelError, HparamsError) as error:
            outcomes.add("refused")
            assert str(error).startswith(str(directory))  # noqa: PT017 (either is right)
    assert "refused" in outcomes

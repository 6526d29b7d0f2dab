"""Models of strangers, and damaged ones: refused in a line that names file and field, in little memory and time."""

import random
import re

import pytest

from kwskit.errors import ModelError
from kwskit.hparams import HparamsError
from kwskit.systems.model_directory import load_model, save_model, untrained_model
from tests.systems.strange_models import ROUNDS, refused


@pytest.fixture
def text(directory):
    return (directory / "model.yaml").read_text()


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
        ("extra: \0", "is in UTF-16 or no text"),
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
        ("!frontend:log_mel {num_mels: 40}", "3", "line 2: .*frontend must be a part .* not 3"),
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

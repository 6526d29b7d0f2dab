import pytest
import torch
from torch import nn

from kwskit import registry
from kwskit.hparams import HparamsError, build_hparams, plain_value, resolve_hparams, select
from kwskit.untrusted_yaml import load_parts

KNOWN = ("seed", "losses", "optimizer")
BASE = """\
seed: 1
lr: 1.0e-4
num_words: !PLACEHOLDER
losses:
  phn: !loss:test_ring {size: !ref <num_words>}
  key: !loss:test_ring
optimizer: !name:torch.optim.AdamW
  lr: !ref <lr>
"""


class Ring(nn.Module):
    def __init__(self, size: int = 3, weight: float = 1.0):
        super().__init__()
        if size < 1:
            raise ValueError(f"size must be positive, not {size}")
        self.size, self.weight = size, weight


class Star(nn.Module):
    def __init__(self, points: int = 5):
        super().__init__()
        self.points = points


@pytest.fixture(autouse=True)
def parts(scratch_registry):
    registry.register("loss", "test_ring")(Ring)
    registry.register("loss", "test_star")(Star)


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "base.yaml"
    path.write_text(BASE)
    return path


def load(path, overrides=None, overlays=()):
    overrides = {"num_words": "7", **(overrides or {})}
    return build_hparams(resolve_hparams(path, overlays, overrides, KNOWN), path, overlays, overrides)


def test_tags_references_and_names_build(base):
    hparams = load(base)
    assert isinstance(hparams["losses"]["phn"], Ring)
    assert hparams["losses"]["phn"].size == 7
    assert hparams["losses"]["key"].size == 3
    optimizer = hparams["optimizer"]([nn.Parameter(torch.zeros(1))])
    assert isinstance(optimizer, torch.optim.AdamW)
    assert optimizer.defaults["lr"] == 1e-4


def test_dotted_override_changes_one_argument(base):
    hparams = load(base, {"losses.phn.weight": "0.3", "losses.key.size": "4", "lr": "0.5"})
    assert (hparams["losses"]["phn"].weight, hparams["losses"]["phn"].size) == (0.3, 7)
    assert hparams["losses"]["key"].size == 4
    assert hparams["optimizer"].keywords == {"lr": 0.5}


def test_another_tag_replaces_the_node_and_its_arguments(base):
    hparams = load(base, {"losses.phn": "!loss:test_star {points: 6}"})
    assert isinstance(hparams["losses"]["phn"], Star)
    assert hparams["losses"]["phn"].points == 6


def test_same_tag_merges(base):
    phn = load(base, {"losses.phn": "!loss:test_ring {weight: 2.0}"})["losses"]["phn"]
    assert (phn.size, phn.weight) == (7, 2.0)


def test_overlays_apply_in_order_and_null_stands(base, tmp_path):
    (tmp_path / "one.yaml").write_text("losses: {key: !loss:test_star {points: 9}, phn: null}\n")
    (tmp_path / "two.yaml").write_text("losses: {key: {points: 8}}\n")
    hparams = load(base, overlays=[tmp_path / "one.yaml", tmp_path / "two.yaml"])
    assert hparams["losses"]["phn"] is None
    assert hparams["losses"]["key"].points == 8


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"losses.kye.weight": "1"}, "'losses.kye' .did you mean 'key'"),
        ({"sede": "2"}, "nothing reads the key 'sede' .did you mean 'seed'"),
        ({"losses.key": "!loss:test_rig {}"}, "unknown loss 'test_rig' .did you mean 'test_ring'"),
        ({"losses.key.siez": "2"}, "no argument 'siez' .did you mean 'size'"),
        ({"losses.key.size": "0"}, "^--losses.key.size 0: losses.key: !loss:test_ring: size must be positive, not 0"),
        ({"losses.key": "!loss:test_ring [3]"}, "takes named arguments"),
        ({"seed.deep": "1"}, "'seed' is a plain value"),
        ({"losses.key": "{"}, "not a YAML value"),
    ],
)
def test_mistakes_are_named(base, overrides, message):
    with pytest.raises(HparamsError, match=message):
        load(base, overrides)


def test_placeholder_left_open_is_named(base):
    with pytest.raises(HparamsError, match="no value for num_words"):
        resolve_hparams(base, known_keys=KNOWN)


@pytest.mark.parametrize("text", ["- 1\n", "a: [\n", "a: 1\na: 2\n"])
def test_files_that_are_no_experiment(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(HparamsError, match=r"x\.yaml"):
        resolve_hparams(tmp_path / "x.yaml")
    with pytest.raises(HparamsError, match=r"none\.yaml: cannot be read"):
        resolve_hparams(tmp_path / "none.yaml")


def test_plain_value_builds_nothing(base):
    text = resolve_hparams(base, overrides={"num_words": "7"})
    assert plain_value(text, "seed") == 1


def test_select_keeps_a_standalone_part(base):
    text = resolve_hparams(base, overrides={"num_words": "7"})
    kept = select(text, {"losses": ["phn"]})
    assert "AdamW" not in kept
    built = load_parts(kept, "model.yaml")["losses"]
    assert list(built) == ["phn"]
    assert built["phn"].size == 7


def test_select_inside_a_part_follows_its_references_and_leaves_null_out():
    text = "one: &a {x: 1}\nother: {x: 2}\nsystem: !system:dual_encoder {frontend: *a, other: null, dim: 3}\n"
    kept = select(text, {"frontend": None, "other": None, "absent": None}, inside="system")
    assert kept.split() == ["frontend:", "{x:", "1}"]
    assert select(text, {"other": None}, inside="system").strip() == "{}"


@pytest.mark.parametrize(
    "text",
    [
        "a: !new:os.system {command: ls}",
        "a: !name:os.system {command: ls}",
        "a: !apply:os.system [ls]",
        "a: !module:os",
        "a: !!python/object/apply:os.system [ls]",
        "a: !!python/name:os.system",
        "a: !loss:test_ring {size: !new:collections.Counter {}}",
        "a: !ref <b>",
        "a: !include:/etc/passwd",
    ],
)
def test_safe_mode_refuses_every_tag_but_the_registrys(text):
    with pytest.raises(HparamsError, match="only registry tags"):
        load_parts(text, "model.yaml")


def test_safe_mode_builds_registered_parts():
    assert load_parts("a: !loss:test_star {points: 4}", "model.yaml")["a"].points == 4


@pytest.mark.parametrize(
    ("overlay", "overrides", "message"),
    [
        ("\n\nsead: 1\n", {}, r"mine\.yaml: line 3: nothing reads the key 'sead' .did you mean 'seed'"),
        (
            "losses:\n  key: {size: two}\n",
            {},
            r"mine\.yaml: line 2: losses\.key\.size must be a whole number, not 'two'",
        ),
        ("losses:\n  key: {siez: 2}\n", {}, r"mine\.yaml: line 2: losses\.key: !loss:test_ring: .*no argument 'siez'"),
        ("# a comment\nlr: fast\n", {}, r"mine\.yaml: line 2: optimizer\.lr must be a number"),  # by reference
        ("optimizer: {lrr: 1}\n", {}, r"mine\.yaml: line 1: optimizer\.lrr is no argument of AdamW"),
        ("optimizer: !name:torch.optim.Adamm {}\n", {}, r"mine\.yaml: line 1: optimizer: .*torch\.optim\.Adamm"),
        ("seed: !ref <sede>\n", {}, r"mine\.yaml: line 1: seed: there is no <sede> to refer to .did you mean 'seed'"),
        (
            "seed: 2\n",
            {"losses.phn.weight": "heavy"},
            r"^--losses\.phn\.weight heavy: losses\.phn\.weight must be a number",
        ),
        ("seed: 2\n", {"lr": "fast"}, r"^--lr fast: optimizer\.lr must be"),
    ],
)
def test_a_mistake_is_told_where_it_stands(base, tmp_path, overlay, overrides, message):
    (tmp_path / "mine.yaml").write_text(overlay)
    with pytest.raises(HparamsError, match=message):
        load(base, overrides, [tmp_path / "mine.yaml"])


def test_a_mistake_of_the_base_is_told_there_whatever_lies_over_it(base, tmp_path):
    base.write_text(BASE.replace("<num_words>}", "<num_words>, weight: none}"))
    (tmp_path / "mine.yaml").write_text("losses:\n  key: {size: 4}\n")
    with pytest.raises(HparamsError, match=r"base\.yaml: line 5: losses\.phn\.weight must be a number, not 'none'"):
        load(base, overlays=[tmp_path / "mine.yaml"])

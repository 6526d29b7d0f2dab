from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import pytest
import torch

from kwskit import registry
from kwskit.arguments import ArgumentError, OneOf, PositiveFloat, PositiveInt, Probability, Range, check, check_call

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("annotation", "good", "bad", "message"),
    [
        (int, (0, -3), (1.0, True, "1", None), "a whole number"),
        (float, (1, 0.5, -2.0), (True, "1e-3", None, NAN, INF), "a number"),
        (bool, (True, False), (0, 1, "no", "off", None), "true or false"),
        (str, ("", "no"), (1, None), "text"),
        (int | None, (1, None), ("", 0.5), "a whole number or null"),
        (PositiveInt, (1, 10**9), (0, -1), "a whole number of at least 1"),
        (PositiveFloat, (1e-9, 5), (0, -5, 0.0), "a number above 0"),
        (Probability, (0, 1, 0.5), (2, -0.1, 1.1), "a number from 0 to 1"),
        (Annotated[float, Range(least=0, below=1)], (0, 0.99), (1, -0.1), "a number from 0 to below 1"),
        (Annotated[str, OneOf(("a", "b"))], ("a", "b"), ("c", None, 1), "one of ('a', 'b')"),
        (Literal["x", "y"], ("x",), ("z", None), "one of ('x', 'y')"),
        (
            Sequence[PositiveInt],
            ([1, 2], (), (3,)),
            ([0], [1, "2"], "12", 3),
            "a list, each a whole number of at least 1",
        ),
        (tuple[float, float], ((1, 2), [0.5, 1]), ([1], [1, 2, 3], 1, ["a", 2]), "a list of 2, each a number"),
        (tuple[str, ...], ([], ["a"]), ("a", [1], None), "a list, each text"),
        (Mapping[str, int | None], ({}, {"a": None}), ({"a": 0.5}, [1], None), "a mapping to a whole number or null"),
        (torch.nn.Module, (torch.nn.ReLU(),), (None, "relu", torch.nn.ReLU), "a part (!KIND:NAME) that is a Module"),
        (Callable, (print,), (None, 3), ""),
        (Any, (None, 1, "x"), (), ""),
    ],
)
def test_what_fits(annotation, good, bad, message):
    for value in good:
        check("key", value, annotation)
    for value in bad:
        with pytest.raises(ArgumentError) as error:
            check("some.key", value, annotation)
        assert error.value.key == "some.key"
        assert str(error.value).startswith(f"some.key must be {message}")


def test_the_message_names_the_key_and_shows_the_value_as_yaml_has_it():
    for value, shown in ((None, "null"), (True, "true"), (-5, "-5"), ("no", "'no'")):
        with pytest.raises(
            ArgumentError, match=rf"^training\.epochs must be a whole number of at least 1, not {shown}$"
        ):
            check("training.epochs", value, PositiveInt)


def test_arguments_of_a_callable():
    check_call("optimizer", torch.optim.AdamW, {"lr": 0.1, "weight_decay": 1})
    with pytest.raises(ArgumentError, match=r"^optimizer\.lrr is no argument of AdamW .did you mean 'lr'"):
        check_call("optimizer", torch.optim.AdamW, {"lrr": 0.1})
    with pytest.raises(ArgumentError, match=r"^optimizer\.lr must be a number"):
        check_call("optimizer", torch.optim.AdamW, {"lr": "fast"})


@pytest.mark.parametrize(
    ("kind", "name", "arguments", "message"),
    [
        (
            "text_encoder",
            "bilstm",
            {"num_tokens": 75, "layers": -1},
            "layers must be a whole number of at least 1, not -1",
        ),
        ("augment", "noise", {"prob": 2}, "prob must be a number from 0 to 1, not 2"),
        ("augment", "noise", {"seed": 1.5}, "seed must be a whole number from 0 to 2147483647, not 1.5"),
        ("augment", "band_limit", {"low_cut": 50}, "low_cut must be a list of 2"),
        ("augment", "speed", {"factors": [0.9, 3.0]}, "factors must be a list, each a number from 0.5 to 2"),
        ("frontend", "log_mel", {"mean_normalise": "no"}, "mean_normalise must be true or false, not 'no'"),
        ("encoder", "ecapa", {"dilations": [2, 0]}, "dilations must be a list, each a whole number of at least 1"),
        ("encoder", "bilstm", {"dropout": 1}, "dropout must be a number from 0 to below 1"),
        ("pooler", "mean", {"dim": None}, "dim must be a whole number of at least 1, not null"),
        ("aligner", "dsp", {"cost": "paths"}, r"cost must be one of \('path', 'segment_mean'\), not 'paths'"),
        ("matcher", "path_gru", {"average": 1}, "average must be true or false, not 1"),
        ("tokenizer", "phoneme", {"stress": "off"}, "stress must be true or false, not 'off'"),
        ("loss", "asyp", {"weight": -0.1}, "weight must be a number of at least 0, not -0.1"),
        (
            "loss",
            "sphereface2",
            {"num_classes": 1},
            "num_classes must be a whole number of at least 2, not 1",
        ),  # its base
        ("loss", "proxy_ms", {"alpha": 0}, "alpha must be a number above 0, not 0"),  # through **shared
        ("system", "pair_matcher", {"negatives": -1}, "negatives must be a whole number of at least 0"),
    ],
)
def test_a_part_refuses_what_would_do_something_else(kind, name, arguments, message):
    part = registry.get(kind, name)
    missing = {n: None for n, p in part.parameters().items() if p.default is p.empty and n not in arguments}
    with pytest.raises(ValueError, match=f"^{message}"):
        part.cls(**arguments, **missing) if kind == "system" else part.cls(**arguments)


@pytest.mark.parametrize("part", registry.parts(), ids=lambda part: f"{part.kind}:{part.name}")
def test_every_argument_of_a_part_is_annotated_and_its_default_fits(part):
    for name, parameter in part.parameters().items():
        assert parameter.annotation is not parameter.empty, name
        if parameter.default is not parameter.empty:
            check(name, parameter.default, parameter.annotation)


def test_a_plugin_s_annotations_are_checked_and_those_of_its_bases(scratch_registry):
    from kwskit.losses.base import PairwiseLoss

    @registry.register("loss", "scratch_margin")
    class Margin(PairwiseLoss):
        def __init__(self, margin: PositiveFloat = 0.3, level: str = "utt", weight: float = 1.0):
            super().__init__(level, weight)

    assert Margin(0.5, "phn").level == "phn"
    for arguments in ({"margin": 0}, {"level": "word"}, {"weight": -1}):
        with pytest.raises(ArgumentError, match=f"^{next(iter(arguments))} must be"):
            registry.build("loss", "scratch_margin", **arguments)
    with pytest.raises(ArgumentError, match=r"^level must be one of"):
        Margin(0.5, "word")

"""Weights of strangers, and damaged ones: refused, or numbers."""

import json
import os
import random
import struct

import pytest
import safetensors.torch
import torch

from kwskit.errors import ModelError
from kwskit.systems.model_directory import load_model
from tests.systems.strange_models import ROUNDS, refused

HUGE = 1_000_000_000


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

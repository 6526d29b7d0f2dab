"""What losses see is the same of one process and of several."""

import inspect

import pytest

from kwskit.embeddings import BatchEmbeddings, Embeddings
from kwskit.gathered_embeddings import COMPUTED, KNOWN, GatheredEmbeddings

SEEN = {name for name, value in vars(Embeddings).items() if isinstance(value, property)}


def test_a_batch_has_all_that_losses_may_ask_for():
    fields = set(inspect.signature(BatchEmbeddings).parameters)
    assert fields | set(vars(BatchEmbeddings)) >= SEEN


def test_several_processes_gather_all_of_it():
    named = {name for name in vars(GatheredEmbeddings) if not name.startswith("_")}
    assert set(COMPUTED) | set(KNOWN) | named == SEEN
    assert len(COMPUTED) + len(KNOWN) + len(named) == len(SEEN)  # each in one way


def test_nothing_else_is_gathered():
    with pytest.raises(AttributeError, match="a loss asks for 'pool_audio' of the embeddings"):
        GatheredEmbeddings.__new__(GatheredEmbeddings).pool_audio  # noqa: B018

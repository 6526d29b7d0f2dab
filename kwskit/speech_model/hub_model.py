"""Models of the Hugging Face Hub."""

from pathlib import Path

from kwskit.errors import ModelError
from kwskit.hub_snapshot import hub_errors, snapshot

# A model has one of the first. They are fetched before anything else, so that a repository of something else, however
# large, costs nothing.
MARKS = ("model.yaml", "model.onnx.json", "onnx/model.onnx.json")
# By their names, and so no pickle, no code and no weights of another program.
_FILES = (
    *("model.yaml", "model.safetensors", "model.onnx.json", "background.npz", "README.md", "card.json"),
    *("audio.onnx", "text.onnx", "features.onnx", "frames.onnx", "pool.onnx"),
    *("lexicon", "lexicon.txt", "lexicon.tsv", "lexicon.dict"),  # of !tokenizer:phoneme
    "vocabulary.txt",  # of !tokenizer:word_piece
    *("acoustic_encoder.json", "text_encoder.json"),  # of !encoder:self_supervised and !text_encoder:bert
)
FILES = (*_FILES, *(f"onnx/{name}" for name in _FILES))


def fetched(repository: str, revision: str | None = None) -> Path:
    """The directory of a model of the Hub, see :func:`kwskit.hub_snapshot.snapshot`.

    Only the files that a model consists of are fetched.

    Parameters
    ----------
    repository : ``owner/name``
    revision : a branch, a tag or a commit; None is the main branch

    Raises
    ------
    ModelError
        When there is no such repository or revision, it is no model of kwskit, or it cannot be had.
    ImportError
        When huggingface_hub is not installed.
    """
    with hub_errors(repository, revision):
        folder = snapshot(repository, MARKS, revision)
        if not any((folder / mark).is_file() for mark in MARKS):
            from huggingface_hub import constants

            at = f"{repository}@{revision}" if revision else repository
            raise ModelError(f"{at} at {constants.ENDPOINT} is no model of kwskit: it has no {' and no '.join(MARKS)}")
        return snapshot(repository, FILES, folder.name)  # of the same commit

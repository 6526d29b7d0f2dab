"""Models of the Hugging Face Hub."""

from collections.abc import Sequence
from pathlib import Path

from kwskit import __version__
from kwskit.errors import ModelError, first_line

# A model has one of the first. They are fetched before anything else, so that a repository of something else, however
# large, costs nothing.
MARKS = ("model.yaml", "model.onnx.json", "onnx/model.onnx.json")
# By their names, and so no pickle, no code and no weights of another program.
_FILES = (
    *("model.yaml", "model.safetensors", "model.onnx.json", "background.npz", "README.md", "card.json"),
    *("audio.onnx", "text.onnx", "features.onnx", "frames.onnx", "pool.onnx"),
    *("lexicon", "lexicon.txt", "lexicon.tsv", "lexicon.dict"),  # of !tokenizer:phoneme
)
FILES = (*_FILES, *(f"onnx/{name}" for name in _FILES))


def fetched(repository: str, revision: str | None = None) -> Path:
    """The directory of a model of the Hub, in the cache of huggingface_hub; nothing may be written into it.

    The address, the token, the cache and whether to stay offline are those of huggingface_hub: ``HF_ENDPOINT``,
    ``HF_TOKEN``, ``HF_HOME`` and ``HF_HUB_OFFLINE``. What is in the cache is found without a network. Only the files
    that a model consists of are fetched.

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
    try:
        from huggingface_hub import constants, errors, snapshot_download
    except ImportError as error:
        raise ImportError(
            f"{repository} is no directory; to fetch it from the Hugging Face Hub: pip install 'kwskit[hub]'"
        ) from error

    def fetch(names: Sequence[str], at: str | None) -> Path:
        return Path(
            snapshot_download(
                repository,
                revision=at,
                allow_patterns=list(names),
                library_name="kwskit",
                library_version=__version__,
            )
        )

    at = f"{repository}@{revision}" if revision else repository
    try:
        folder = fetch(MARKS, revision)
        if not any((folder / mark).is_file() for mark in MARKS):
            raise ModelError(f"{at} at {constants.ENDPOINT} is no model of kwskit: it has no {' and no '.join(MARKS)}")
        return fetch(FILES, folder.name)  # of the same commit
    except ModelError:
        raise
    except errors.GatedRepoError as error:
        message = f"has to be asked for at {constants.ENDPOINT}/{repository}, and HF_TOKEN must be yours"
        raise ModelError(f"{at} {message}") from error
    except errors.RepositoryNotFoundError as error:
        message = f"is no directory, and {constants.ENDPOINT} has no such repository (a private one needs HF_TOKEN)"
        raise ModelError(f"{at} {message}") from error
    except errors.RevisionNotFoundError as error:
        raise ModelError(f"{at}: the repository {repository} has no revision {revision}") from error
    except errors.LocalEntryNotFoundError as error:
        why = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else f"{constants.ENDPOINT} cannot be reached"
        message = f"is no directory, and not, or not wholly, in the cache {constants.HF_HUB_CACHE}, while {why}"
        raise ModelError(f"{at} {message}") from error
    except Exception as error:  # those of the library and of what it calls share no other base
        raise ModelError(f"{at} cannot be fetched from {constants.ENDPOINT}: {first_line(error)}") from error

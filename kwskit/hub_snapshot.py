"""Files of repositories of the Hugging Face Hub."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kwskit import __version__
from kwskit.errors import ModelError, first_line


def snapshot(repository: str, names: Sequence[str], revision: str | None = None) -> Path:
    """The directory of a repository in the cache of huggingface_hub; nothing may be written into it.

    The address, the token, the cache and whether to stay offline are those of huggingface_hub: ``HF_ENDPOINT``,
    ``HF_TOKEN``, ``HF_HOME`` and ``HF_HUB_OFFLINE``. What is in the cache is found without a network.

    Parameters
    ----------
    repository : its name, ``owner/name``
    names : names or patterns of the files that are fetched, and no others
    revision : a branch, a tag or a commit; None is the main branch
    """
    from huggingface_hub import snapshot_download

    return Path(
        snapshot_download(
            repository,
            revision=revision,
            allow_patterns=list(names),
            library_name="kwskit",
            library_version=__version__,
        )
    )


@contextmanager
def hub_errors(repository: str, revision: str | None = None) -> Iterator[None]:
    """What goes wrong with a repository while the context lasts, said for people.

    Raises
    ------
    ModelError
        When there is no such repository or revision, or it cannot be had.
    ImportError
        When huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import constants, errors
    except ImportError as error:
        raise ImportError(
            f"{repository} is no directory; to fetch it from the Hugging Face Hub: pip install 'kwskit[hub]'"
        ) from error
    at = f"{repository}@{revision}" if revision else repository
    try:
        yield
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

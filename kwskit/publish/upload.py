"""A publication put into a repository of the Hugging Face Hub."""

from collections.abc import Iterator
from contextlib import contextmanager

from kwskit import __version__
from kwskit.errors import PublishError, first_line
from kwskit.publish.publication import Publication
from kwskit.speech_model.hub_model import FILES


def upload(publication: Publication, repository: str, revision: str | None = None, private: bool = False) -> str:
    """Put all files into ``repository`` as one commit; the address at which people see it.

    The repository is made where there is none. In one that is there, files of an earlier model that this one has not
    are removed, and what no model has stays. The address and the token are those of huggingface_hub: ``HF_ENDPOINT``,
    ``HF_TOKEN``, or what ``hf auth login`` has stored.

    Parameters
    ----------
    repository : ``owner/name``
    revision : a branch, made where there is none; None is the main one
    private : whether only the owner can see a repository that is made; one that others can see is refused

    Raises
    ------
    PublishError
        When there is no token, it may not write there, the name cannot be one, or the Hub cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants, get_token

    if get_token() is None:
        how = f"HF_TOKEN, or hf auth login; {constants.ENDPOINT}/settings/tokens makes one that may write"
        raise PublishError(f"{constants.ENDPOINT} wants a token to publish: {how}")
    api = HfApi(library_name="kwskit", library_version=__version__)
    with _told(repository):
        api.create_repo(repository, private=private or None, exist_ok=True)
        if private and not api.model_info(repository).private:
            raise PublishError(
                f"{repository} is there already, and public: another name, or its settings make it private"
            )
        if revision is not None:
            api.create_branch(repository, branch=revision, exist_ok=True)
        there = api.list_repo_files(repository, revision=revision)
        stale = [name for name in there if name in FILES and name not in publication.files]
        api.create_commit(
            repository,
            [
                *(CommitOperationDelete(name) for name in stale),
                *(CommitOperationAdd(name, content) for name, content in publication.files.items()),
            ],
            commit_message=f"{publication.card.name} {publication.card.version}, by kwskit {__version__}",
            revision=revision,
        )
    place = f"{constants.ENDPOINT}/{repository}"
    return place if revision is None else f"{place}/tree/{revision}"


@contextmanager
def _told(repository: str) -> Iterator[None]:
    """Errors of the library said to a person."""
    from huggingface_hub import constants, errors

    at, owner = constants.ENDPOINT, repository.partition("/")[0]
    try:
        yield
    except PublishError:
        raise
    except errors.HFValidationError as error:
        raise PublishError(f"{repository} can be no repository's name: {first_line(error)}") from error
    except errors.OfflineModeIsEnabled as error:
        raise PublishError(f"{repository} cannot be published while HF_HUB_OFFLINE is set") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        said = (error.server_message or "").strip().split("\n", 1)[0] or f"status {status}"
        if status == 401:
            message = f"the token is unknown at {at}, or has expired ({said}): HF_TOKEN, or hf auth login"
        elif status == 403:
            message = f"the token may not write to {owner} at {at} ({said}): {at}/settings/tokens makes one that may"
        else:
            message = f"{at} refuses it: {said}"
        raise PublishError(f"{repository} is not published: {message}") from error
    except Exception as error:  # those of what the library calls share no other base
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise PublishError(f"{repository} cannot be published at {at}: {reason}") from error

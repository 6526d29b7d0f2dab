"""What to install where a package is missing that ``pip install kwskit`` leaves out."""

# Modules of the extra ``train`` of setup.cfg.
TRAINING = frozenset(
    {
        *("torch", "torchaudio", "speechbrain", "hyperpyyaml", "ruamel", "safetensors", "pyarrow", "scipy", "sklearn"),
        *("matplotlib", "jinja2", "tensorboard"),
    }
)


def missing_extra(extra: str, need: str, error: ImportError) -> ImportError:
    """The error to raise in the place of ``error``.

    Parameters
    ----------
    extra : name of the extra of setup.cfg that brings what is missing
    need : what needs it, as the beginning of a sentence
    error : what Python said
    """
    return ImportError(f"{need}: pip install 'kwskit[{extra}]' ({error})", name=error.name)


def import_message(error: ImportError) -> str:
    """What ``error`` says, and which extra helps where a package for training is missing."""
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in TRAINING:
        return str(missing_extra("train", "this needs kwskit's training packages", error))
    return str(error)

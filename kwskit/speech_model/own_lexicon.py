"""The lexicon that lies beside a model."""

from pathlib import Path
from typing import Any

from kwskit.errors import ModelError


def require_own_lexicon(directory: Path, tokenizer: Any) -> None:
    """Refuse a directory with a lexicon that its model does not read, so that none is passed over in silence (ours).

    It is read where ``model.yaml`` names it (``tokenizer: !tokenizer:phoneme {lexicon: lexicon.dict}``), and of an
    exported model where it was there, as it is now, when that was exported.

    Parameters
    ----------
    directory : of the model, or of the one that it was exported from
    tokenizer : of the model

    Raises
    ------
    ModelError
        When there is a file ``lexicon``, or ``lexicon`` with any ending, of which the tokenizer's has not the content.
    """
    named = getattr(tokenizer, "lexicon", None)
    read = None if named is None else Path(named).read_bytes()
    for path in sorted(directory.glob("lexicon*")):
        if path.is_file() and path.stem == "lexicon" and path.read_bytes() != read:
            raise ModelError(
                f"{path}: the model does not read it: name it in model.yaml (tokenizer: !tokenizer:phoneme {{lexicon: "
                f"{path.name}}}) and, where it is exported, export it anew; or move it and give it with --lexicon"
            )

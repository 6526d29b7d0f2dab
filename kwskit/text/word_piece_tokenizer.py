"""Word pieces as ids."""

import re
from pathlib import Path

from kwskit.errors import ModelError, UnpronounceableText
from kwskit.pretrained_folder import MOST_BYTES, pretrained_folder, read_json
from kwskit.registry import register
from kwskit.text.subwords import plain_words
from kwskit.text.tokenizer import Tokenizer

VOCABULARY, TOKENIZER = "vocab.txt", "tokenizer.json"
PADDING, BEGIN, END = "[PAD]", "[CLS]", "[SEP]"
INSIDE = "##"  # before a piece that begins no word


@register("tokenizer", "word_piece")
class WordPieceTokenizer(Tokenizer):
    """Word-piece ids of typed text, those of BERT and DistilBERT: the longest piece first (Wu et al. 2016).

    For ``!text_encoder:bert``, which puts ``[CLS]`` and ``[SEP]`` around them. Text is normalised as for phonemes:
    accents stripped, numbers spelt out, hyphens taken as spaces, all lower case, so a vocabulary of uncased text
    (``distilbert-base-uncased``) goes with it. As in BERT, an apostrophe is a word of its own. Needs no package. A
    released model has the vocabulary as a file beside it.

    Parameters
    ----------
    vocabulary : file with a piece a line (``vocab.txt``); or a model with that file or with ``tokenizer.json``: its
        directory, or its name ``owner/name`` on the Hugging Face Hub

    Attributes
    ----------
    symbols : list of str, index = id; size : their number

    Raises
    ------
    ModelError
        When there is no such vocabulary, or it is of another kind.
    """

    files = ("vocabulary",)

    def __init__(self, vocabulary: str):
        super().__init__(read_word_pieces(vocabulary), specials=())
        self._longest = max(map(len, self.symbols))

    @staticmethod
    def released_file(argument: str, given: str) -> tuple[str, bytes]:
        """The ending and the content of the file that a released model has in the place of what is given."""
        return ".txt", "".join(f"{piece}\n" for piece in read_word_pieces(given)).encode()

    def encode(self, text: str) -> list[list[int]]:
        """A list with the one id list of ``text``.

        Raises
        ------
        UnpronounceableText
            For empty text, text that is too long, has no letter of the alphabet and no digit, or what no piece writes.
        """
        words = [part for word in plain_words(text) for part in re.findall(r"\w+|[^\w\s]", word)]
        return [[one for word in words for one in self._split(word, text)]]

    def _split(self, word: str, text: str) -> list[int]:
        found, begin = [], 0
        while begin < len(word):
            mark = INSIDE if begin else ""
            ends = range(min(len(word), begin + self._longest), begin, -1)
            end = next((end for end in ends if mark + word[begin:end] in self._ids), None)
            if end is None:
                raise UnpronounceableText(text, f"no word pieces write '{word}'")
            found.append(self._ids[mark + word[begin:end]])
            begin = end
        return found


def read_word_pieces(vocabulary: str) -> list[str]:
    """The pieces of a vocabulary in the order of their ids, ``[PAD]`` first.

    Parameters
    ----------
    vocabulary : as :class:`WordPieceTokenizer` has it

    Raises
    ------
    ModelError
        When there is none, or it is of another kind.
    """
    path = Path(vocabulary)
    if not path.is_file():
        folder = pretrained_folder(vocabulary, (VOCABULARY, TOKENIZER))
        path = next((at for at in (folder / VOCABULARY, folder / TOKENIZER) if at.is_file()), folder)
        if path == folder:
            raise ModelError(f"{folder} lacks {VOCABULARY} and {TOKENIZER}: it has no word pieces")
    pieces = _of_json(path) if path.suffix == ".json" else _lines(path)
    lacking = [one for one in (PADDING, BEGIN, END) if one not in pieces]
    if lacking or pieces[0] != PADDING or len(set(pieces)) < len(pieces):
        raise ModelError(f"{path} is no vocabulary of word pieces: {PADDING} is the first, {BEGIN} and {END} follow")
    return pieces


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError(f"{path} is no vocabulary: it has more than {MOST_BYTES:,} bytes")
        return path.read_text("utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error


def _of_json(path: Path) -> list[str]:
    model = read_json(path).get("model")
    ids = model.get("vocab") if isinstance(model, dict) and model.get("type") == "WordPiece" else None
    if not isinstance(ids, dict) or sorted(ids.values()) != list(range(len(ids))):
        raise ModelError(f"{path} is of another kind than word pieces; those of BERT and DistilBERT are taken")
    return sorted(ids, key=ids.__getitem__)

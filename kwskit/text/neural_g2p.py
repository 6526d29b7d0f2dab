"""Pronunciation of words that no dictionary has."""

import functools
import logging
from pathlib import Path

import numpy as np

from kwskit.text.pronouncing_dictionary import package_file

GRAPHEMES = ("<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz")
SPECIALS = ("<pad>", "<unk>", "<s>", "</s>")
VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CONSONANTS = (
    *("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N"),
    *("NG", "P", "R", "S", "SH", "T", "TH", "V", "W", "Y", "Z", "ZH"),
)
# The model's 70 output symbols, alphabetical; it knows one vowel without stress.
PHONEMES = tuple(sorted([*CONSONANTS, "UW", *(vowel + stress for vowel in VOWELS for stress in "012")]))
MAX_PHONEMES = 20
BEAM = 32  # a reading comes with several stresses, so that four readings need many more
CHECKPOINT = "checkpoint20.npz"

logger = logging.getLogger(__name__)


class NeuralG2P:
    """The GRU encoder-decoder of g2p_en (Park and Kim), run in numpy from the weights in its wheel.

    At most 20 phonemes; :meth:`predict` decodes greedily, equal to g2p_en's own ``predict``. Gates are those of a GRU
    with two bias vectors: ``r, z = σ(W x + U h)``, ``n = tanh(W_n x + r U_n h)``, ``h' = (1 - z) n + z h``.

    Parameters
    ----------
    path : ``checkpoint20.npz``
    """

    def __init__(self, path: str | Path):
        with np.load(path) as arrays:
            weights = {name: arrays[name] for name in arrays.files}
        # W x + b of every symbol, since inputs are embeddings of a few dozen symbols.
        self._enc_inputs: np.ndarray = weights["enc_emb"] @ weights["enc_w_ih"].T + weights["enc_b_ih"]
        self._dec_inputs: np.ndarray = weights["dec_emb"] @ weights["dec_w_ih"].T + weights["dec_b_ih"]
        self._enc_state: tuple[np.ndarray, np.ndarray] = weights["enc_w_hh"].T.copy(), weights["enc_b_hh"]
        self._dec_state: tuple[np.ndarray, np.ndarray] = weights["dec_w_hh"].T.copy(), weights["dec_b_hh"]
        self._output: tuple[np.ndarray, np.ndarray] = weights["fc_w"].T.copy(), weights["fc_b"]
        self._grapheme_ids = {grapheme: index for index, grapheme in enumerate(GRAPHEMES)}

    def predict(self, word: str) -> tuple[str, ...]:
        """Phonemes of a lower-case word; empty when the model stops at once."""
        start, stop = SPECIALS.index("<s>"), SPECIALS.index("</s>")
        hidden = self._read(word)
        phonemes: list[str] = []
        previous = start
        for _ in range(MAX_PHONEMES):
            hidden = _gru_step(self._dec_inputs[previous], hidden, *self._dec_state)
            previous = int(np.argmax(hidden @ self._output[0] + self._output[1]))
            if previous == stop:
                return tuple(phonemes)
            if previous >= len(SPECIALS):
                phonemes.append(PHONEMES[previous - len(SPECIALS)])
        logger.warning(
            "the guessed pronunciation of '%s' was cut at %d phonemes; a lexicon file can give it in full",
            word,
            MAX_PHONEMES,
        )
        return tuple(phonemes)

    def likeliest(self, word: str, beam: int = BEAM) -> list[tuple[str, ...]]:
        """Up to ``beam`` sequences of phonemes of a lower-case word, the likeliest first, found by beam search.

        Of at most 20 phonemes, each of which the model ends itself; empty where it ends none.
        """
        start, stop = SPECIALS.index("<s>"), SPECIALS.index("</s>")
        hidden, log_probs = self._read(word)[None], np.zeros(1)
        sequences: list[tuple[int, ...]] = [(start,)]
        ended: list[tuple[float, tuple[int, ...]]] = []
        for _ in range(MAX_PHONEMES + 1):
            last = [sequence[-1] for sequence in sequences]
            hidden = _gru_step(self._dec_inputs[last], hidden, *self._dec_state)
            logits = (hidden @ self._output[0] + self._output[1]).astype(np.float64)
            step = logits - np.logaddexp.reduce(logits, 1, keepdims=True)
            ended += [(log_probs[k] + step[k, stop], sequences[k][1:]) for k in range(len(sequences))]
            step[:, : len(SPECIALS)] = -np.inf
            total = (log_probs[:, None] + step).ravel()
            best = np.argsort(-total, kind="stable")[:beam]
            rows, symbols = np.divmod(best, step.shape[1])
            sequences = [(*sequences[row], symbol) for row, symbol in zip(rows.tolist(), symbols.tolist(), strict=True)]
            hidden, log_probs = hidden[rows], total[best]
        ended.sort(key=lambda one: -one[0])
        found = [sequence for _, sequence in ended[:beam] if sequence]
        return [tuple(PHONEMES[symbol - len(SPECIALS)] for symbol in sequence) for sequence in found]

    def _read(self, word: str) -> np.ndarray:
        """(units,) what the encoder keeps of a word."""
        unknown = self._grapheme_ids["<unk>"]
        hidden = np.zeros(self._enc_state[0].shape[0], np.float32)
        for grapheme in [*word, "</s>"]:
            inputs = self._enc_inputs[self._grapheme_ids.get(grapheme, unknown)]
            hidden = _gru_step(inputs, hidden, *self._enc_state)
        return hidden


def _gru_step(inputs: np.ndarray, hidden: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The state (..., units) after ``hidden`` (..., units)."""
    size = hidden.shape[-1]
    state = hidden @ weight + bias
    gates = 1 / (1 + np.exp(-(inputs[..., : 2 * size] + state[..., : 2 * size])))
    reset, update = gates[..., :size], gates[..., size:]
    candidate = np.tanh(inputs[..., 2 * size :] + reset * state[..., 2 * size :])
    return (1 - update) * candidate + update * hidden


@functools.cache
def neural_g2p() -> NeuralG2P:
    """The model from the installed package ``g2p_en``, loaded once a process, without importing the package."""
    return NeuralG2P(package_file("g2p_en", CHECKPOINT))

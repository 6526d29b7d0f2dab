"""Text encoder of the states of a grapheme-to-phoneme decoder."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kwskit.arguments import NonNegativeFloat, PositiveInt
from kwskit.batch import length_mask
from kwskit.encoders.blocks.encode_once import encode_once
from kwskit.registry import register
from kwskit.text.neural_g2p import CHECKPOINT, GRAPHEMES, PHONEMES, SPECIALS
from kwskit.text.pronouncing_dictionary import package_file
from kwskit.text.pronunciation import WORD_BOUNDARY


def gru_steps(cell: nn.GRUCell, x: Tensor, begins: Tensor, begin: Tensor, skips: Tensor) -> Tensor:
    """States (N, T, hidden) of ``cell`` over ``x`` (N, T, input_size) (ours).

    Parameters
    ----------
    begins : (N, T) bool, where the state is that of ``begin`` before the step; true at the first step
    begin : (N, T, hidden)
    skips : (N, T) bool, where the step leaves the state as it is
    """
    return _steps(F.linear(x, cell.weight_ih, cell.bias_ih), begins, begin, skips, cell.weight_hh, cell.bias_hh)


# Scripted where it is traced, or else an exported graph would have the steps of the example it was traced with.
@torch.jit.script_if_tracing
def _steps(inputs: Tensor, begins: Tensor, begin: Tensor, skips: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    size = weight.shape[1]
    state = begin[:, 0]
    states = []
    for step in range(inputs.shape[1]):
        state = torch.where(begins[:, step, None], begin[:, step], state)
        given, held = inputs[:, step], torch.nn.functional.linear(state, weight, bias)
        reset = torch.sigmoid(given[:, :size] + held[:, :size])
        update = torch.sigmoid(given[:, size : 2 * size] + held[:, size : 2 * size])
        new = torch.tanh(given[:, 2 * size :] + reset * held[:, 2 * size :])
        state = torch.where(skips[:, step, None], state, new + update * (state - new))
        states.append(state)
    return torch.stack(states, dim=1)


SYMBOLS = (*SPECIALS, *PHONEMES, WORD_BOUNDARY)
BOUNDARY = len(SYMBOLS) - 1
START, STOP = SPECIALS.index("<s>"), GRAPHEMES.index("</s>")
# How a phoneme is written where nothing says otherwise; the others by their own lower-case symbol.
SPELLINGS = {
    **{"AA": "o", "AE": "a", "AH": "u", "AO": "aw", "AW": "ow", "AY": "i", "EH": "e", "EY": "ay", "IH": "i"},
    **{"IY": "ee", "OW": "o", "UH": "oo", "UW": "oo", "DH": "th", "HH": "h", "JH": "j", "ZH": "zh"},
}


@register("text_encoder", "g2p_states")
class G2pStates(nn.Module):
    """States of g2p_en's decoder for each phoneme, dense layer, LeakyReLU: ``(N, T_t), (N,) -> (N, T_t, dim)``.

    CMCD (Shin et al. 2022) and PhonMatchNet (Lee and Cho 2023) embed a word by the hidden states (256
    numbers a phoneme) of the GRU decoder of g2p_en's neural model, which reads letters and writes phonemes.
    A batch carries phonemes, so here the encoder reads every word as its phonemes are usually written
    (``K AE1 T`` as ``kat``) and the decoder is given the phonemes it should have written (ours). That works
    for every pronunciation of every word, and words that sound alike look alike. Between the words of a
    phrase stands a zero state. The weights come from g2p_en's wheel.

    Parameters
    ----------
    num_tokens : size of the token inventory, 75: that of ``!tokenizer:phoneme {stress: true}``
    dim : size of an output token
    frozen : keep g2p_en's weights; false trains them too
    negative_slope : of the LeakyReLU; the default is Keras's, which the code of the paper uses
    """

    spelling: Tensor
    pretrained = ("letters", "phonemes", "reader", "writer")

    def __init__(
        self,
        num_tokens: PositiveInt = 75,
        dim: PositiveInt = 128,
        frozen: bool = True,
        negative_slope: NonNegativeFloat = 0.3,
    ):
        super().__init__()
        if num_tokens != len(SYMBOLS):
            raise ValueError(f"num_tokens must be {len(SYMBOLS)}, phonemes with stress, not {num_tokens}")
        self.num_tokens = num_tokens
        self.dim = dim
        self.negative_slope = negative_slope
        with np.load(package_file("g2p_en", CHECKPOINT)) as arrays:
            weights = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        self.letters = nn.Embedding.from_pretrained(weights["enc_emb"], freeze=frozen)
        self.phonemes = nn.Embedding.from_pretrained(weights["dec_emb"], freeze=frozen)
        self.reader, self.writer = _gru(weights, "enc", frozen), _gru(weights, "dec", frozen)
        self.project = nn.Linear(self.writer.hidden_size, dim)
        self.register_buffer("spelling", torch.tensor([_spell(symbol) for symbol in SYMBOLS]), persistent=False)

    def forward(self, tokens: Tensor, lens: Tensor) -> Tensor:
        return encode_once(self._encode, tokens, lens)

    def _encode(self, tokens: Tensor, lens: Tensor) -> Tensor:
        mask = length_mask(lens, tokens.shape[1]).unsqueeze(-1)
        x = F.leaky_relu(self.project(self.states(tokens)), self.negative_slope)
        return x.masked_fill(~mask, 0.0)

    def states(self, tokens: Tensor) -> Tensor:
        """Decoder states (N, T_t, 256) of phonemes ``tokens`` (N, T_t); 0 at word boundaries, arbitrary at padding."""
        outside = (tokens == BOUNDARY) | (tokens == 0)
        edge = torch.ones_like(outside[:, :1])
        first, last = torch.cat((edge, outside[:, :-1]), dim=1), torch.cat((outside[:, 1:], edge), dim=1)
        before = torch.cat((tokens[:, :1], tokens[:, :-1]), dim=1).masked_fill(first, START)
        summaries = self._read(tokens, outside, last)
        states = gru_steps(self.writer, self.phonemes(before), first, summaries, torch.zeros_like(first))
        return states.masked_fill(outside.unsqueeze(-1), 0.0)

    def _read(self, tokens: Tensor, outside: Tensor, last: Tensor) -> Tensor:
        """For each token, the reader's last state (N, T_t, 256) of the word it belongs to."""
        letters = self.spelling[tokens]
        count = letters.shape[2]
        letters = letters.flatten(1)
        begins = torch.stack([outside] * count, dim=2).flatten(1)
        silent = torch.zeros_like(self.letters(letters))
        read = gru_steps(self.reader, self.letters(letters), begins, silent, letters == 0)[:, count - 1 :: count]
        stop = self.letters(torch.full_like(tokens, STOP))
        own = gru_steps(self.reader, stop, torch.ones_like(outside), read, torch.zeros_like(outside))
        # The state at the end of the word, which is the next end of any.
        place = torch.arange(tokens.shape[1], device=tokens.device)
        ends = torch.where(last[:, None] & (place >= place[:, None]), place, tokens.shape[1] - 1).amin(2)
        return own.gather(1, ends.unsqueeze(-1).expand_as(own))


def _gru(weights: dict[str, Tensor], side: str, frozen: bool) -> nn.GRUCell:
    cell = nn.GRUCell(weights[f"{side}_w_ih"].shape[1], weights[f"{side}_w_hh"].shape[1])
    names = {"weight_ih": "w_ih", "weight_hh": "w_hh", "bias_ih": "b_ih", "bias_hh": "b_hh"}
    cell.load_state_dict({name: weights[f"{side}_{short}"] for name, short in names.items()})
    return cell.requires_grad_(not frozen)


def _spell(symbol: str) -> list[int]:
    """Two letter ids, 0 for none."""
    if symbol not in PHONEMES:
        return [0, 0]
    phoneme = symbol.rstrip("012")
    letters = SPELLINGS.get(phoneme, phoneme.lower())
    return [GRAPHEMES.index(letter) for letter in letters] + [0] * (2 - len(letters))

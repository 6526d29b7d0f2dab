"""BERT and DistilBERT as text encoders."""

from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.arguments import OneOf, PositiveInt
from kwskit.batch import length_mask
from kwskit.encoders.blocks.encode_once import encode_once
from kwskit.encoders.blocks.pretrained_transformer import TEXT, Pretrained, PretrainedEncoder
from kwskit.errors import ModelError
from kwskit.registry import register
from kwskit.text.word_piece_tokenizer import BEGIN, END, TOKENIZER, VOCABULARY, read_word_pieces

LAYERS = {"bert": "num_hidden_layers", "distilbert": "n_layers"}
ARGUMENTS: dict[str, dict[str, Any]] = {"bert": {"add_pooling_layer": False}, "distilbert": {}}
FIXED = {"is_decoder": False, "add_cross_attention": False}
BEGIN_ID, END_ID = "cls_token_id", "sep_token_id"


@register("text_encoder", "bert")
class Bert(PretrainedEncoder):
    """DistilBERT or BERT and a linear layer, frozen or fine-tuned: ``(N, T_t), (N,) -> (N, T_t, dim)``.

    Needs ``!tokenizer:word_piece`` of the same model, and the extra ``transformers``. Pieces are read with ``[CLS]``
    before and ``[SEP]`` behind them, which come out as no tokens. EMKWS (Nishu et al. 2023) reads text with DistilBERT,
    a vector a word, and projects it to the space of the audio; here it is one a word piece, which most frequent words
    are whole. With ``!pooler:mean`` a text is the mean of its pieces, or with ``output: cls`` its ``[CLS]``. It knows
    what words mean and how they are written, not how they sound. Sources: Sanh et al. 2019, Devlin et al. 2019.

    The pre-trained weights are part of the model's from then on, frozen or not: checkpoints and a released model hold
    them, 66 M of DistilBERT in 265 MB, and need no other files, but the package, unless exported. Weights are
    safetensors. Padding never matters and comes out as 0. On a CPU, a text that a batch holds several times is encoded
    once.

    Parameters
    ----------
    model : directory of a model, or its name ``owner/name`` or ``owner/name@revision`` on the Hugging Face Hub; or a
        file ``.json``, its description alone, for random weights
    num_tokens : size of the token inventory, the model's: 30522 of ``distilbert-base-uncased``
    dim : size of an output token
    frozen : keep the network as it is; false trains it
    layers : layers that are kept, from the first; tokens are the last one's output; null is all
    output : ``tokens``, or ``cls``: at every token of a text its ``[CLS]``

    Raises
    ------
    ModelError
        When there is no such model, it is of another kind, its files lack something, or it has other tokens.
    ImportError
        When transformers is not installed.
    """

    def __init__(
        self,
        model: str,
        num_tokens: PositiveInt,
        dim: PositiveInt = 256,
        frozen: bool = True,
        layers: PositiveInt | None = None,
        output: Annotated[str, OneOf(("tokens", "cls"))] = "tokens",
    ):
        super().__init__()
        found = _find(model)
        kind = found.description["model_type"]
        self.num_tokens = num_tokens
        self.dim = dim
        self.frozen = frozen
        self.output = output
        self.begin, self.end = _edges(found)
        self.network = found.network(TEXT, {**FIXED, **found.kept(LAYERS[kind], layers)}, **ARGUMENTS[kind])
        config: Any = self.network.config
        if config.vocab_size != num_tokens:
            raise ModelError(f"{model} has {config.vocab_size} tokens, and num_tokens is {num_tokens}")
        if not 0 <= max(self.begin, self.end) < num_tokens:
            raise ModelError(f"{model}: {BEGIN} or {END} is none of its {num_tokens} tokens")
        self.most = config.max_position_embeddings - 2  # pieces of a text
        self.network.requires_grad_(not frozen)
        self.project = nn.Linear(config.hidden_size, dim)
        self.train()

    @staticmethod
    def released_file(argument: str, given: str) -> tuple[str, bytes]:
        """The ending and the content of the file that a released model has in the place of what is given."""
        found = _find(given)
        begin, end = _edges(found)
        return ".json", found.content(**{BEGIN_ID: begin, END_ID: end})

    def forward(self, tokens: Tensor, lens: Tensor) -> Tensor:
        if tokens.shape[1] > self.most:
            raise ValueError(f"a text has {tokens.shape[1]} word pieces; the text encoder takes {self.most}")
        return encode_once(self._encode, tokens, lens)

    def _encode(self, tokens: Tensor, lens: Tensor) -> Tensor:
        states = self.states(tokens, lens)
        states = states[:, :1].expand(-1, tokens.shape[1], -1) if self.output == "cls" else states[:, 1:-1]
        return self.project(states).masked_fill(~length_mask(lens, tokens.shape[1]).unsqueeze(-1), 0.0)

    def states(self, tokens: Tensor, lens: Tensor) -> Tensor:
        """The last layer's output (N, 1 + T_t + 1, hidden): ``[CLS]``, the pieces, ``[SEP]`` right behind them."""
        ids = F.pad(tokens, (1, 1))
        place = torch.arange(ids.shape[1], device=ids.device)
        ids = torch.where(place == 0, self.begin, torch.where(place == lens[:, None] + 1, self.end, ids))
        mask = length_mask(lens + 2, ids.shape[1])
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            return self.network(input_ids=ids, attention_mask=mask.long()).last_hidden_state


def _find(model: str) -> Pretrained:
    return Pretrained.find(model, TEXT, (VOCABULARY, TOKENIZER))


def _edges(found: Pretrained) -> tuple[int, int]:
    """Ids of ``[CLS]`` and ``[SEP]``."""
    if found.folder is not None:
        pieces = read_word_pieces(str(found.folder))
        return pieces.index(BEGIN), pieces.index(END)
    ids = found.description.get(BEGIN_ID), found.description.get(END_ID)
    if not all(isinstance(one, int) for one in ids):
        raise ModelError(f"{found.named} does not say {BEGIN_ID} and {END_ID}, the ids of {BEGIN} and {END}")
    return ids  # type: ignore[return-value]  # both are numbers

"""Pre-trained networks of the package transformers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from torch import nn

from kwskit.errors import ModelError
from kwskit.extras import missing_extra
from kwskit.pretrained_folder import pretrained_folder, read_json

CONFIGURATION, WEIGHTS = "config.json", "model*.safetensors"
# By ``model_type``; the class of the network is named after it.
SPEECH = {"wav2vec2": "Wav2Vec2", "hubert": "Hubert", "wavlm": "WavLM"}
TEXT = {"bert": "Bert", "distilbert": "DistilBert"}
CONVERT = (
    "import kwskit, transformers as t; [k.from_pretrained('{0}').save_pretrained('DIR') for k in (t.AutoModel, t.{1})]"
)
# What else is saved of a model: how its input is prepared.
BESIDE = {**dict.fromkeys(SPEECH, "AutoFeatureExtractor"), **dict.fromkeys(TEXT, "AutoTokenizer")}


class Pretrained(NamedTuple):
    """What a ``model`` of YAML names.

    Attributes
    ----------
    named : how it was named
    description : ``config.json``, and what else its encoder has to know
    folder : where its weights are; None of a description alone
    """

    named: str
    description: dict[str, Any]
    folder: Path | None

    @classmethod
    def find(cls, model: str, kinds: Mapping[str, str], names: Sequence[str]) -> "Pretrained":
        """A directory, a model of the Hub, or a description alone, which a released model has beside its weights.

        Parameters
        ----------
        model : the directory, the name, or the path of a file that ends in ``.json``
        kinds : kinds of networks that are taken, :data:`SPEECH` or :data:`TEXT`
        names : files that are needed besides the configuration and the weights

        Raises
        ------
        ModelError
            When there is none, or it is of another kind.
        """
        if Path(model).suffix == ".json" and Path(model).is_file():
            folder, description = None, read_json(Path(model))
        else:
            folder = pretrained_folder(model, (CONFIGURATION, WEIGHTS, f"{WEIGHTS}.index.json", *names))
            description = read_json(folder / CONFIGURATION)
        if description.get("model_type") not in kinds:
            kind = description.get("model_type", "of no kind")
            raise ModelError(f"{model} is {kind}; networks that are taken here: {', '.join(kinds)}")
        return cls(model, description, folder)

    def kept(self, key: str, layers: int | None) -> dict[str, int]:
        """The setting ``key`` of a network that keeps its first ``layers``; none for all of them.

        Raises
        ------
        ModelError
            When it has fewer.
        """
        there = self.description.get(key)
        if layers is not None and isinstance(there, int) and layers > there:
            raise ModelError(f"{self.named} has {there} layers, and layers is {layers}")
        return {} if layers is None else {key: layers}

    def network(self, kinds: Mapping[str, str], fixed: Mapping[str, Any], **arguments: Any) -> Any:
        """The network with its weights; of a description alone, with weights drawn anew.

        Of the description only what shapes such networks is taken: nothing in it can name code or another file.

        Parameters
        ----------
        kinds : as in :meth:`find`
        fixed : settings that go before the description's
        arguments : arguments of the network's class

        Raises
        ------
        ModelError
            When the weights are no safetensors, or lack some.
        ImportError
            When transformers is not installed.
        """
        name = kinds[self.description["model_type"]]
        with _quiet_transformers() as transformers:
            settings_of, network_of = getattr(transformers, f"{name}Config"), getattr(transformers, f"{name}Model")
            common = transformers.PretrainedConfig().to_dict()
            own = settings_of().to_dict().keys() - common.keys()
            settings = {key: value for key, value in self.description.items() if key in own}
            config = settings_of(**{**settings, **{key: value for key, value in fixed.items() if key in own}})
            if self.folder is None:
                return network_of(config, **arguments)
            if not any(self.folder.glob(WEIGHTS)):
                convert = CONVERT.format(self.named, BESIDE[self.description["model_type"]])
                raise ModelError(
                    f"{self.folder} lacks model.safetensors, and pickles such as pytorch_model.bin are not read; "
                    f'convert it once, if you trust it: python -c "{convert}"'
                )
            try:
                network, found = network_of.from_pretrained(
                    self.folder,
                    config=config,
                    use_safetensors=True,
                    local_files_only=True,
                    dtype="float32",
                    output_loading_info=True,
                    **arguments,
                )
            except (OSError, RuntimeError, ValueError, SafetensorError) as error:
                raise ModelError(f"{self.folder}: the weights cannot be used: {error}") from error
        lacking = sorted(found["missing_keys"])
        if lacking:
            raise ModelError(f"{self.folder}: the weights lack {', '.join(lacking[:3])}, {len(lacking)} in all")
        return network

    def content(self, **more: Any) -> bytes:
        """The description as a file, with ``more`` in it."""
        return (json.dumps({**self.description, **more}, indent=1, sort_keys=True) + "\n").encode()


class PretrainedEncoder(nn.Module):
    """An encoder around a pre-trained ``network``, which stays in evaluation while it is ``frozen``."""

    files = ("model",)
    pretrained = ("network",)
    network: Any
    frozen: bool

    def train(self, mode: bool = True) -> "PretrainedEncoder":
        """Training or evaluation, in which a frozen network stays."""
        super().train(mode)
        self.network.train(mode and not self.frozen)
        return self


@contextmanager
def _quiet_transformers() -> Iterator[Any]:
    """The package, which shows no progress and tells of no weights that it leaves out."""
    try:
        import transformers
    except ImportError as error:
        raise missing_extra("transformers", "this network is one of the package transformers", error) from error
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield transformers
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()

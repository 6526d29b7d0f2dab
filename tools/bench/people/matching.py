"""Clips against typed texts, as a model hears and reads them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.cohort_embeddings import CohortEmbeddings
from kwskit.spotting.enrolled import enrolled
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_paths import KeywordPaths
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.phoneme_scores import WEIGHT
from kwskit.text.keyword_reader import KeywordReader

AT_ONCE = 64
SCORES = ("cosine", "spotter")


def embedded(model: SpeechModel, sounds: Sequence[NDArray[np.int16]]) -> NDArray[np.float32]:
    """(N, dim) unit embeddings of N clips (samples,), those of one length together: nothing is padded."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for number, pcm in enumerate(sounds):
        by_length[len(pcm)].append(number)
    found = np.zeros((len(sounds), model.dim), np.float32)
    for numbers in by_length.values():
        for at in range(0, len(numbers), AT_ONCE):
            part = numbers[at : at + AT_ONCE]
            found[part] = model.embed_windows(np.stack([sounds[number] for number in part]))
    return found


def text_scores(
    model: SpeechModel, sounds: Sequence[NDArray[np.int16]], texts: Sequence[str], scores: str = "cosine"
) -> NDArray[np.float32]:
    """(N, V) scores of N clips (samples,) with V typed texts, each the highest over the text's pronunciations.

    Parameters
    ----------
    scores : ``cosine``; or ``spotter``, as a spotter does it: normalised by other words and, where the model hears
        phonemes, with the score of the best path anywhere in the clip
    """
    heard = embedded(model, sounds)
    if scores == "spotter":
        reader = KeywordReader(model.tokenizer)
        keywords = [enrolled(model, _no_listener, reader.read(text)) for text in texts]
        found = KeywordQueries(keywords, CohortEmbeddings(model)).every_score(heard)
        if model.blank is None:
            return found
        return found + np.float32(WEIGHT) * np.stack([_path_scores(model, pcm, keywords) for pcm in sounds])
    tokens = [model.tokenizer.encode(text) for text in texts]
    first = np.cumsum([0, *map(len, tokens[:-1])])
    rows = model.embed_tokens([said for every in tokens for said in every])
    return np.maximum.reduceat(heard @ rows.T, first, axis=1)


def _path_scores(model: SpeechModel, pcm: NDArray[np.int16], keywords: Sequence[Keyword]) -> NDArray[np.float32]:
    """(V,) score of the best path of each keyword in a clip."""
    assert model.blank is not None
    stream = FrameStream(model)
    frames = np.concatenate([stream.push(pcm), stream.finish()])
    paths = KeywordPaths([ids for one in keywords for ids in one.phonemes], model.blank)
    best = paths.push(model.log_probs(frames)[:, None])[0][:, 0].max(0)
    first = np.cumsum([0, *(len(one.phonemes) for one in keywords[:-1])])
    return np.maximum.reduceat(best, first)


def _no_listener(seconds: Sequence[float]) -> NoReturn:
    raise AssertionError("keywords that are typed need no listener")

"""The map of spoken and typed embeddings: t-SNE to two dimensions, ready to be drawn by the page."""

from collections.abc import Mapping
from typing import Any

import numpy as np

WORDS = 24
SPOKEN_PER_WORD = 12
SIZE = 640.0
_MARGIN = 40.0
_LETTER, _LINE = 10.5, 20.0  # room of a label on a phone, where it is drawn largest
_GAP = 12.0
_GOLDEN_ANGLE = 137.508


def word_map(embeddings: Mapping[str, np.ndarray], seed: int = 0) -> dict[str, Any] | None:
    """Points of up to WORDS words, those with the most recordings first.

    t-SNE (van der Maaten and Hinton, 2008) on cosine distances of spoken and typed embeddings together, so that a
    gap between the two shows.

    Parameters
    ----------
    embeddings : ``audio`` (n, d), ``audio_utt`` (n,), ``audio_word`` (n,), ``text`` (m, d), ``text_word`` (m,)
    seed : of t-SNE and of the choice among a word's recordings

    Returns
    -------
    ``{"words": [{word, hue, spoken: [{x, y, utt}], typed: {x, y}, label: {x, y, anchor, baseline}}], "width",
    "height"}`` in drawing units, or None when fewer than three words are both spoken and typed.
    """
    if "text" not in embeddings:
        return None
    typed = {str(word): row for row, word in reversed(list(enumerate(embeddings["text_word"])))}
    spoken_words, counts = np.unique(embeddings["audio_word"].astype(str), return_counts=True)
    common = [(-count, word) for word, count in zip(spoken_words, counts, strict=True) if word in typed]
    words = [str(word) for _, word in sorted(common)[:WORDS]]
    if len(words) < 3:
        return None
    generator = np.random.default_rng(seed)
    chosen = [_some(generator, np.flatnonzero(embeddings["audio_word"] == word)) for word in words]
    audio_rows = np.concatenate(chosen)
    text_rows = np.array([typed[word] for word in words])
    places = _places(np.concatenate([embeddings["audio"][audio_rows], embeddings["text"][text_rows]]), seed)

    found, start = [], 0
    for number, (word, rows) in enumerate(zip(words, chosen, strict=True)):
        spoken = [
            {"x": x, "y": y, "utt": str(embeddings["audio_utt"][row])}
            for row, (x, y) in zip(rows, places[start : start + len(rows)], strict=True)
        ]
        start += len(rows)
        x, y = places[len(audio_rows) + number]
        # Golden-angle steps keep any number of hues apart.
        hue = round(number * _GOLDEN_ANGLE % 360)
        found.append({"word": word, "hue": hue, "spoken": spoken, "typed": {"x": x, "y": y}})
    _place_labels(found)
    return {"words": found, "width": SIZE, "height": SIZE}


def _some(generator: np.random.Generator, rows: np.ndarray) -> np.ndarray:
    return rows if len(rows) <= SPOKEN_PER_WORD else np.sort(generator.choice(rows, SPOKEN_PER_WORD, replace=False))


def _places(vectors: np.ndarray, seed: int) -> list[tuple[float, float]]:
    """(n, d) embeddings to n (x, y) inside the drawing."""
    from sklearn.manifold import TSNE  # slow to import, and only a report needs it
    from threadpoolctl import threadpool_limits

    vectors = vectors.astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(float).tiny)
    perplexity = min(20.0, (len(vectors) - 1) / 3)
    with threadpool_limits(1):  # some hundred points: threads would wait for each other longer than they work
        reduced = TSNE(metric="cosine", init="random", perplexity=perplexity, random_state=seed).fit_transform(vectors)
    low, high = reduced.min(axis=0), reduced.max(axis=0)
    scaled = (reduced - low) / np.where(high > low, high - low, 1) * (SIZE - 2 * _MARGIN) + _MARGIN
    return [(round(float(x), 1), round(float(y), 1)) for x, y in scaled]


def _place_labels(words: list[dict[str, Any]]) -> None:
    """Give each word a ``label`` beside its diamond, at the side where it covers least of what is drawn already."""
    points = np.array([[point["x"], point["y"]] for w in words for point in (w["typed"], *w["spoken"])])
    boxes = np.column_stack([points - 6, points + 6])
    for word in words:
        x, y, wide = word["typed"]["x"], word["typed"]["y"], len(word["word"]) * _LETTER
        sides = [
            (x, y - _GAP, "middle", "auto", x - wide / 2, y - _GAP - _LINE),
            (x, y + _GAP, "middle", "hanging", x - wide / 2, y + _GAP),
            (x + _GAP, y, "start", "central", x + _GAP, y - _LINE / 2),
            (x - _GAP, y, "end", "central", x - _GAP - wide, y - _LINE / 2),
        ]
        areas = [np.array([left, top, left + wide, top + _LINE]) for *_, left, top in sides]
        covered = [_covered(area, boxes) for area in areas]
        best = covered.index(min(covered))
        boxes = np.vstack([boxes, areas[best]])
        word["label"] = dict(zip(("x", "y", "anchor", "baseline"), sides[best], strict=False))


def _covered(area: np.ndarray, boxes: np.ndarray) -> float:
    """How much of ``boxes`` (n, 4: left, top, right, bottom) and of what is outside the drawing ``area`` covers."""
    inner = np.minimum(area[2:], boxes[:, 2:]) - np.maximum(area[:2], boxes[:, :2])
    outside = np.maximum(-area[:2], 0).sum() + np.maximum(area[2:] - SIZE, 0).sum()
    return float(np.prod(np.maximum(inner, 0), axis=1).sum() + outside * _LINE)

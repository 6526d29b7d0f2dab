"""The pictures of the report that Matplotlib draws, each as an inline SVG element."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.ticker import MaxNLocator
from scipy.special import ndtri

from kwskit.evaluation.report.inline_svg import INK, MUTED, OTHER, PAPER, TRAINED, drawing, inline_svg, new_figure

MODEL_COLOURS = {"trained": TRAINED, "untrained": MUTED, "before": MUTED}
DET_TICKS = (0.0001, 0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
MAX_POINTS = 400
# A mid tone that reads on the light and on the dark page; a raster cannot follow the page's variables.
CELL = to_rgb("#1f93a6")


def learning_curve(
    name: str, label: str, steps: np.ndarray, values: np.ndarray, percent: bool = False, chance: float | None = None
) -> str:
    """One quantity against the training step; a long series is drawn pale, and again as a running mean.

    Parameters
    ----------
    name, label : see :func:`inline_svg`
    steps, values : (n,)
    percent : values are fractions, to be shown in percent
    chance : a dotted line at what knowing nothing gives
    """
    with drawing():
        figure = new_figure(340, 190)
        axes = figure.add_subplot()
        values = values * 100 if percent else values
        if len(steps) > 60:
            mean = _running_mean(values, max(5, len(values) // 40))
            keep = _thin(len(steps))
            axes.plot(steps[keep], values[keep], color=TRAINED, alpha=0.3, linewidth=0.8)
            axes.plot(steps[keep], mean[keep], color=TRAINED)
            axes.set_ylim(*_robust_limits(values))
        else:
            axes.plot(steps, values, color=TRAINED, marker="o", markersize=3.5)
        axes.set_xlabel("step")
        axes.set_ylabel("%" if percent else "loss")
        if chance is not None:
            axes.axhline(chance, color=MUTED, linestyle=":", linewidth=1.2)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        return inline_svg(figure, name, label)


def det_plot(name: str, label: str, results: Sequence[dict[str, Any]]) -> str:
    """Misses against false alarms on normal-deviate axes, one line a model; a dot marks the EER.

    ``results`` are entries of results.json; ``det`` holds ``fa`` and ``miss`` as fractions.
    """
    with drawing():
        figure = new_figure(350, 350)
        axes = figure.add_subplot()
        curves = [(r, np.asarray(r["det"]["fa"], float), np.asarray(r["det"]["miss"], float)) for r in results]
        seen = np.concatenate([np.concatenate([fa, miss]) for _, fa, miss in curves] or [np.array([0.02])])
        low = float(np.clip(min(seen[seen > 0], default=0.001), DET_TICKS[0], 0.02))
        limits = ndtri([low, 0.85])
        axes.plot(limits, -np.asarray(limits), color=MUTED, linewidth=1, linestyle=":", label="chance")
        for result, fa, miss in reversed(curves):
            # The ends, 0 and 1, are infinite on this scale: they go to just outside the frame.
            x, y = (ndtri(np.clip(rate, low / 10, 0.999)) for rate in (fa, miss))
            keep = _thin(len(x))
            colour = MODEL_COLOURS.get(result["model"], OTHER)
            style = "--" if result["model"] != "trained" else "-"
            axes.plot(x[keep], y[keep], style, color=colour, label=result["model"])
            eer = _value(result.get("eer"))
            if eer is not None and low < eer < 0.85:
                axes.plot(*[ndtri([eer])] * 2, "o", color=colour, markeredgecolor=PAPER, markersize=7)
        ticks = [tick for tick in DET_TICKS if low <= tick]
        axes.set_xticks(ndtri(ticks), [f"{tick * 100:g}" for tick in ticks])
        axes.set_yticks(ndtri(ticks), [f"{tick * 100:g}" for tick in ticks])
        axes.set(xlim=limits, ylim=limits, xlabel="false alarms, %", ylabel="misses, %", aspect="equal")
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles[::-1], labels[::-1], loc="outside upper left", ncols=3, handlelength=1.6, borderaxespad=0)
        return inline_svg(figure, name, label)


def score_histogram(
    name: str, label: str, histogram: dict[str, Sequence[float]], threshold: float | None = None
) -> str:
    """Scores of the targets and of the non-targets, each scaled to the same area; ``threshold`` is that of the EER."""
    with drawing():
        figure = new_figure(350, 220)
        axes = figure.add_subplot()
        edges = np.asarray(histogram["edges"], float)
        for key, colour, legend in (("nontarget", OTHER, "other words"), ("target", TRAINED, "the typed word")):
            counts = np.asarray(histogram[key], float)
            density = counts / max(counts.sum(), 1) / np.diff(edges)
            axes.stairs(density, edges, fill=True, color=colour, alpha=0.25)
            axes.stairs(density, edges, color=colour, linewidth=1.6, label=legend)
        if threshold is not None:
            axes.axvline(threshold, color=INK, linestyle=":", linewidth=1.2)
        axes.set_ylim(bottom=0, top=axes.get_ylim()[1] * 1.22)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("score")
        axes.legend(loc="upper left", ncols=2, handlelength=1.2, columnspacing=1.2, borderaxespad=0.1)
        return inline_svg(figure, name, label)


def affinity_plot(name: str, label: str, affinity: np.ndarray, tokens: Sequence[str]) -> str:
    """Which frames each token listens to.

    Parameters
    ----------
    affinity : (T_t, T_a), rows sum to 1
    tokens : T_t symbols, first at the top
    """
    with drawing():
        figure = new_figure(340, 62 + 17 * len(affinity))
        axes = figure.add_subplot()
        # Each row has its own scale: one sharply focused token must not fade the others.
        top = affinity.max(axis=1, keepdims=True)
        cells = np.empty((*affinity.shape, 4))
        cells[..., :3] = CELL
        cells[..., 3] = affinity / np.where(top > 0, top, 1)
        axes.imshow(cells, aspect="auto", interpolation="none")
        axes.plot(token_centres(affinity), np.arange(len(affinity)), "o-", color=INK, markersize=3.5, linewidth=0.9)
        axes.grid(False)
        axes.set_yticks(range(len(tokens)), list(tokens), color=INK)
        axes.set_xlabel("audio frame")
        return inline_svg(figure, name, label)


def feature_plot(name: str, label: str, features: np.ndarray) -> str:
    """Features over time, strong ones dark: ``features`` (T, F), the first of a frame at the bottom."""
    with drawing():
        figure = new_figure(340, 150)
        axes = figure.add_subplot()
        low, high = np.quantile(features, (0.05, 0.995))
        cells = np.empty((*features.T.shape, 4))
        cells[..., :3] = CELL
        cells[..., 3] = np.clip((features.T - low) / max(high - low, 1e-9), 0, 1)
        axes.imshow(cells, aspect="auto", interpolation="none", origin="lower")
        axes.grid(False)
        axes.set_yticks([])
        axes.set_xlabel("frame")
        return inline_svg(figure, name, label)


def token_centres(affinity: np.ndarray) -> np.ndarray:
    """(T_t,) mean frame of each token's strongest weights (half of the row's maximum and more) in (T_t, T_a).

    All weights together would pull every centre towards the middle of the word.
    """
    strong = np.where(affinity >= affinity.max(axis=1, keepdims=True) / 2, affinity, 0)
    return strong @ np.arange(affinity.shape[1]) / np.maximum(strong.sum(axis=1), np.finfo(float).tiny)


def _value(metric: Any) -> float | None:
    value = metric.get("value") if isinstance(metric, dict) else metric
    return None if value is None else float(value)


def _running_mean(values: np.ndarray, width: int) -> np.ndarray:
    """Mean over the last ``width`` values (fewer at the start); values that are not numbers are passed over."""
    good = np.isfinite(values)
    total = np.cumsum(np.where(good, values, 0.0))
    count = np.cumsum(good)
    total[width:] -= total[:-width].copy()
    count[width:] -= count[:-width].copy()
    return total / np.maximum(count, 1)


def _robust_limits(values: np.ndarray) -> tuple[float, float]:
    """An axis that a few spikes at the start of training do not flatten."""
    good = values[np.isfinite(values)]
    if len(good) == 0:
        return 0.0, 1.0
    low, high = float(good.min()), float(np.quantile(good, 0.99))
    pad = (high - low or abs(high) or 1.0) * 0.06
    return low - pad, high + pad


def _thin(count: int) -> np.ndarray:
    """At most MAX_POINTS indices of ``count``, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, MAX_POINTS)).round().astype(int))

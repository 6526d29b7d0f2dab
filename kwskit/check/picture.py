"""A picture of what a keyword is confused with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kwskit.atomic_write import atomic_write
from kwskit.check.keyword_check import KeywordCheck

# Dark, mid and light enough apart to be told in grey, and apart for the colour-blind.
INK, MUTED, GRID = "#1d2330", "#5d6675", "#e3e6eb"
REACHES, STEM, BACKGROUND = "#8f2f24", "#c3cad4", "#a8c4bc"
MARKERS = {"word": "o", "phrase": "s"}
MOST = 16  # words and phrases
WIDTH, ROW = 10.5, 4.6  # inches; a keyword has a row
_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "svg.hashsalt": "kwskit",
}


def draw_checks(checks: Sequence[KeywordCheck], path: str | Path) -> None:
    """Draw, for each keyword, the scores in the background with the threshold, and what is confused with it.

    What reaches the threshold is filled, and words and phrases are of different shapes, so that grey tells as much.

    Parameters
    ----------
    checks : one or more
    path : a ``.png`` or ``.svg``

    Raises
    ------
    ValueError
        For another ending, or when there is nothing to draw.
    OSError
        When it cannot be written.
    """
    path = Path(path)
    if not checks or path.suffix.lower() not in (".png", ".svg"):
        raise ValueError(f"{path}: a picture is .png or .svg, of at least one keyword")
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, ROW * len(checks)), layout="constrained", facecolor="white")
        axes = figure.subplots(len(checks), 2, squeeze=False, width_ratios=(1, 1.25))
        for check, (left, right) in zip(checks, axes, strict=True):
            _background(left, check)
            _ranked(right, check)
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
        with atomic_write(path) as partial:
            figure.savefig(partial, format=path.suffix.lower()[1:], dpi=144, metadata=metadata)


def _background(axes: Axes, check: KeywordCheck) -> None:
    keyword = check.keyword
    axes.set_title(f"{keyword.text}: {check.verdict}", loc="left", fontsize=15, fontweight="bold", color=INK, pad=14)
    axes.set_xlabel("score")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if not len(check.background):
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        label = "no background, so that\nfalse alarms are unknown:\nkwskit calibrate"
        axes.text(0.5, 0.5, label, transform=axes.transAxes, ha="center", va="center", color=MUTED, linespacing=1.6)
        return
    low, high = float(check.background.min()), float(max(check.background.max(), keyword.threshold, check.own))
    counts, edges = np.histogram(check.background, np.linspace(low, high + 0.05 * (high - low), 45))
    axes.stairs(counts, edges, fill=True, color=BACKGROUND)
    axes.stairs(counts, edges, color=INK, linewidth=0.9)
    top = max(counts.max(), 1)
    axes.set_ylim(0, top * 1.32)
    label = f"threshold {keyword.threshold:.2f}\n{check.false_alarms:.2g} false alarms an hour"
    _mark(axes, keyword.threshold, "-", label, top * 1.3, (low + high) / 2)
    _mark(axes, check.own, ":", f"itself, as typed {check.own:.2f}", top * 1.1, (low + high) / 2)
    axes.set_xlabel(f"score: peaks in {check.minutes:.0f} minutes of background")


def _mark(axes: Axes, at: float, style: str, label: str, height: float, middle: float) -> None:
    """A line, and its label on the side where there is room."""
    axes.axvline(at, color=INK, linestyle=style, linewidth=1.6)
    right = at > middle
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
    offset = (-6 if right else 6, 0)
    side = "right" if right else "left"
    axes.annotate(
        label, (at, height), offset, textcoords="offset points", ha=side, va="top", bbox=box, fontsize=9, color=INK
    )


def _ranked(axes: Axes, check: KeywordCheck) -> None:
    shown = sorted([*check.words, *check.phrases], key=lambda one: -one.score)[:MOST]
    axes.set_title("heard as nearest to it, as typed", loc="left", fontsize=10, color=MUTED, pad=14)
    threshold, scores = check.keyword.threshold, [one.score for one in shown]
    low, high = min([threshold, *scores]), max([threshold, check.own, *scores])
    axes.axvline(threshold, color=INK, linewidth=1.6)
    for row, one in enumerate(shown):
        reaches = one.score >= threshold
        axes.plot([threshold, one.score], [row, row], color=STEM, linewidth=2.2, solid_capstyle="butt", zorder=1)
        axes.plot(
            one.score,
            row,
            MARKERS[one.kind],
            markersize=8,
            color=REACHES,
            markerfacecolor=REACHES if reaches else "white",
            markeredgewidth=1.8,
        )
        label = f"{one.score:.2f}{', sounds the same' if one.same else ''}"
        left = one.score < threshold
        offset, side = ((-9, 0), "right") if left else ((9, 0), "left")
        axes.annotate(
            label, (one.score, row), offset, textcoords="offset points", va="center", ha=side, fontsize=8.5, color=INK
        )
    axes.set_yticks(range(len(shown)), [one.text for one in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    spread = max(high - low, 0.5)
    axes.set_xlim(low - 0.28 * spread, high + 0.34 * spread)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_xlabel("score; the line is the threshold, filled reaches it;  ●  word   ■  phrase")
    axes.spines["left"].set_visible(False)

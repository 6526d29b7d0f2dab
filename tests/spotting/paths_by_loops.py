"""The best paths of a keyword through a whole stream, frame by frame and state by state, and those near places."""

import numpy as np

LEAST, SLOWEST = -4.0, 3.0


def cheapest_paths(log_probs, phonemes, blank):
    """[(score, begin)] of the best path that ends at each frame of log_probs (T, V), state by state."""
    states = [one for phoneme in phonemes for one in (phoneme, blank)][:-1]
    row, found = [(-np.inf, -1)] * len(states), []
    for t, frame in enumerate(np.maximum(log_probs - log_probs.max(1, keepdims=True), np.float32(-8))[:, states]):
        before, row = row, []
        for s, (symbol, score) in enumerate(zip(states, frame, strict=True)):
            options = [(np.float32(0), t)] if s == 0 else [before[s], before[s - 1]]
            if s > 1 and symbol not in (blank, states[s - 2]):
                options.append(before[s - 2])
            best, begin = max(options, key=lambda option: option[0])
            row.append((best + score, begin))
        found.append((row[-1][0] / np.float32(len(phonemes)), row[-1][1]))
    return found


def keyword_paths(log_probs, keyword, blank, frame):
    """(T, 3): score, start and end in seconds of a keyword's best path at each frame; -inf where it takes too long."""
    most = max(min(map(len, keyword.phonemes)), round(SLOWEST * keyword.seconds / frame))
    ways = [cheapest_paths(log_probs, phonemes, blank) for phonemes in keyword.phonemes]
    found = []
    for t, options in enumerate(zip(*ways, strict=True)):
        score, begin = max(options, key=lambda option: option[0])
        found.append((score if t + 1 - begin <= most else -np.inf, begin * frame, (t + 1) * frame))
    return np.array(found, float).reshape(-1, 3)


def near(paths, centre, known, reach):
    """(n,) the best of ``paths`` (T, 3) whose middle is within ``reach`` of each place and that end when it is known"""
    score, start, end = paths.T
    middle, found = (start + end) / 2, []
    for place, until in zip(centre, known, strict=True):
        counts = (np.abs(middle - place) <= reach + 1e-6) & (end <= until + 1e-6)
        found.append(max(LEAST, score[counts].max(initial=-np.inf)))
    return np.array(found)

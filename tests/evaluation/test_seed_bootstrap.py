import numpy as np
import pytest

from kwskit.evaluation.bootstrap import resample_counts
from kwskit.evaluation.seed_bootstrap import DRAW, SeedSamples


def samples(seeds=(1, 2, 3), shift=0.0, seed=0, resamples=200):
    rng = np.random.default_rng(seed)
    values = 0.7 + 0.05 * rng.random(len(seeds)) + shift
    return SeedSamples(tuple(seeds), values, values[:, None] + 0.02 * rng.normal(size=(len(seeds), resamples)))


def test_summary_by_a_loop():
    one = samples()
    draws = resample_counts(3, 200, DRAW)
    means = [np.mean([one.resamples[s, b] for s in range(3) for _ in range(draws[s, b])]) for b in range(200)]
    message = one.summary()
    assert message["value"] == pytest.approx(sum(one.values) / 3)
    assert (message["low"], message["high"]) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))
    assert message["spread"] == pytest.approx(np.sqrt(((one.values - one.values.mean()) ** 2).sum() / 2))
    assert message["seeds"] == [1, 2, 3]


def test_of_one_seed_there_is_no_spread():
    message = samples(seeds=(4,)).summary()
    assert message["spread"] is None
    assert message["low"] < message["value"] < message["high"]


def test_a_method_does_not_differ_from_itself():
    message = samples().minus(samples())
    assert (message["value"], message["low"], message["high"], message["significant"]) == (0.0, 0.0, 0.0, False)


@pytest.mark.parametrize(("shift", "sign"), [(0.1, 1), (-0.1, -1)])
def test_a_constant_difference_is_significant(shift, sign):
    message = samples(shift=shift).minus(samples())
    assert message["significant"]
    assert message["value"] == pytest.approx(shift)
    assert sign * message["low"] > 0


def test_seeds_are_matched_by_number():
    one, two = samples(seeds=(1, 2, 3)), samples(seeds=(1, 2, 3))
    reordered = SeedSamples((3, 1), two.values[[2, 0]], two.resamples[[2, 0]])
    message = one.minus(reordered)
    assert message["seeds"] == [1, 3]
    assert (message["value"], message["low"], message["high"]) == (0.0, 0.0, 0.0)
    assert one.minus(samples(seeds=(7,))) is None


def test_words_without_a_class_are_left_out():
    one = samples()
    holes = one.resamples.copy()
    holes[1, :20] = np.nan
    message = SeedSamples(one.seeds, one.values, holes).summary()
    draws = resample_counts(3, 200, DRAW)
    kept = [b for b in range(200) if b >= 20 or draws[1, b] == 0]
    means = [(one.resamples[:, b] * draws[:, b]).sum() / 3 for b in kept]
    assert message["low"] == pytest.approx(np.quantile(means, 0.025))
    empty = SeedSamples(one.seeds, one.values, np.full((3, 200), np.nan)).summary()
    assert empty["low"] is None

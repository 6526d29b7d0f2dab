import numpy as np
import pytest

from kwskit.spotting.windows.window_cutter import WindowCutter


def by_a_loop(total, size, hop):
    last = max(0, total - size)
    return {(start, min(size, total)) for start in [*range(0, last, hop), last]}


@pytest.mark.parametrize("total", [0, 1, 1600, 1601, 4000, 8000, 16_123, 50_000])
@pytest.mark.parametrize("block", [700, 8000, 99_999])
@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.75])
def test_windows_of_several_lengths_by_a_loop(total, block, overlap):
    seconds = [0.5, 0.1, 0.25]
    wav = np.arange(total).astype(np.int16)
    cutter = WindowCutter(seconds, overlap)
    found = []
    for at in range(0, total, block):
        found += list(cutter.push(wav[at : at + block]))
    found += list(cutter.finish())
    cut = []
    for windows in found:
        for start, pcm in zip(windows.starts.tolist(), windows.pcm, strict=True):
            assert np.array_equal(pcm, wav[start : start + len(pcm)])
            cut.append((start, len(pcm)))
    expected = set()
    for length in seconds if total else []:
        size = round(length * 16_000)
        expected |= by_a_loop(total, size, round(size * (1 - overlap)))
    assert sorted(cut) == sorted(expected)  # none of them twice


def test_what_is_seen_has_all_its_windows():
    cutter = WindowCutter([0.1, 0.5], 0.5)
    list(cutter.push(np.zeros(16_000, np.int16)))
    assert cutter.seen == pytest.approx(0.75)


def test_memory_stays_that_of_the_longest_window():
    cutter = WindowCutter([0.1, 0.5], 0.5)
    for _ in range(20):
        list(cutter.push(np.zeros(9000, np.int16)))
    assert len(cutter._kept) <= 8000 + 4000


def test_a_window_has_a_length():
    with pytest.raises(ValueError, match="longer than 0 s"):
        WindowCutter([0.3, 0.0], 0.5)
    assert np.allclose(WindowCutter([0.3], 0.75).hops, [1200])


def test_windows_that_start_at_most_a_hop_apart():
    cutter = WindowCutter([0.3, 0.8], 0.75, hop=0.1)
    starts = [part.starts for part in cutter.push(np.zeros(16_000, np.int16))]
    assert [one.tolist() for one in starts] == [list(range(0, 11_201, 1_200)), list(range(0, 3_201, 1_600))]

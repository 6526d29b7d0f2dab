from collections import Counter
from itertools import pairwise

import pytest
import torch

from kwskit.systems.confusable import confusable_tokens

SIZE = 75
BOUNDARY = SIZE - 1


def distance(a, b):
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, before = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(row[-1] + 1, before[j] + 1, before[j - 1] + (x != y)))
    return row[-1]


def texts(count=2000, longest=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    lens = torch.randint(1, longest + 1, (count,), generator=generator)
    tokens = torch.randint(4, BOUNDARY, (count, longest), generator=generator)
    return tokens.masked_fill(torch.arange(longest) >= lens[:, None], 0), lens


def changed(tokens, lens, **arguments):
    found, found_lens = confusable_tokens(tokens, lens, SIZE, torch.Generator().manual_seed(1), **arguments)
    assert found.shape == (len(tokens), tokens.shape[1] + 3)
    assert not found[torch.arange(found.shape[1]) >= found_lens[:, None]].any()
    rows = zip(tokens.tolist(), lens.tolist(), found.tolist(), found_lens.tolist(), strict=True)
    return [(old[:n], new[:m]) for old, n, new, m in rows]


def test_one_to_three_edits_and_never_none():
    edits = Counter()
    for old, new in changed(*texts()):
        assert 0 <= len(new) - len(old) <= 3
        assert all(4 <= token < BOUNDARY for token in new)
        edits[distance(old, new)] += 1
    assert set(edits) == {1, 2, 3}
    assert min(edits.values()) > 400  # of 2000; a few edits less where a text is short


def test_new_tokens_differ_from_their_neighbours():
    tokens, lens = texts()
    tokens = torch.where(tokens > 0, tokens % 2 + 4, 0)  # of two phonemes, which leaves six of eight
    for old, new in changed(tokens, lens, allowed=torch.arange(4, 12)):
        same_in_old = sum(a == b for a, b in pairwise(old))
        assert sum(a == b for a, b in pairwise(new)) <= same_in_old


def test_every_place_kind_and_token_comes_up_alike():
    tokens = torch.tensor([[10, 20, 30, 40]]).expand(6000, -1)
    replaced, put_in = Counter(), Counter()
    fresh = Counter()
    for old, new in changed(tokens, torch.full((6000,), 4)):
        if distance(old, new) > 1:
            continue
        if len(new) == 4:
            (place,) = (i for i in range(4) if new[i] != old[i])
            replaced[place] += 1
        else:
            place = next((i for i in range(4) if new[i] != old[i]), 4)
            put_in[place] += 1
        fresh[new[place]] += 1
    assert sum(replaced.values()) == pytest.approx(1000, abs=120)
    assert sum(put_in.values()) == pytest.approx(1000, abs=120)
    assert [replaced[i] for i in range(4)] == pytest.approx([250] * 4, abs=70)
    assert [put_in[i] for i in range(5)] == pytest.approx([125, 250, 250, 250, 125], abs=70)
    assert len(fresh) == BOUNDARY - 4


def test_boundaries_of_words_stay():
    tokens = torch.tensor([[BOUNDARY]]).expand(200, -1)
    for _, new in changed(tokens, torch.ones(200, dtype=torch.long)):
        assert len(new) == 2
        assert new.count(BOUNDARY) == 1


def test_padding_does_not_matter_and_the_generator_decides():
    tokens, lens = texts(50)
    first = changed(tokens, lens)
    assert first == changed(tokens, lens)
    garbage = tokens.masked_fill(torch.arange(9) >= lens[:, None], 99)
    assert first == [(old, new) for (_, new), (old, _) in zip(changed(garbage, lens), first, strict=True)]


def test_too_few_tokens_to_choose_from():
    with pytest.raises(ValueError, match="at least 4"):
        confusable_tokens(*texts(3), SIZE, allowed=torch.tensor([4, 5, 6]))


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_edits_than_asked_for(most):
    tokens, lens = texts()
    found, found_lens = confusable_tokens(tokens, lens, SIZE, torch.Generator().manual_seed(1), most=most)
    assert found.shape == (2000, 9 + most)
    rows = zip(tokens.tolist(), lens.tolist(), found.tolist(), found_lens.tolist(), strict=True)
    edits = Counter(distance(old[:n], new[:m]) for old, n, new, m in rows)
    assert set(edits) == set(range(1, most + 1))
    assert edits[1] / 2000 == pytest.approx(1 / most, abs=0.1)  # a text of one phoneme has no place for two


def test_the_number_of_edits_is_uniform():
    tokens = torch.randint(4, BOUNDARY, (3000, 9), generator=torch.Generator().manual_seed(2))
    found, lens = confusable_tokens(tokens, torch.full((3000,), 9), SIZE, torch.Generator().manual_seed(3), most=3)
    edits = Counter(distance(old, new[:m]) for old, new, m in zip(tokens.tolist(), found.tolist(), lens, strict=True))
    assert [edits[n] / 3000 for n in (1, 2, 3)] == pytest.approx([1 / 3] * 3, abs=0.05)


@pytest.mark.parametrize("most", [0, 4])
def test_more_edits_than_a_near_miss_has(most):
    with pytest.raises(ValueError, match=f"most={most}: a near miss differs in 1 to 3 edits"):
        confusable_tokens(*texts(3), SIZE, most=most)

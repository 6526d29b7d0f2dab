import pytest
import torch
import torch.nn.functional as F

from kwskit.losses.multi_view_triplet import MultiViewTriplet

EACH = ["obj0", "obj1", "obj2", "obj3"]


@pytest.mark.parametrize(("objective", "value"), [("obj0", 0.56), ("obj1", 0.2), ("obj2", 0.0), ("obj3", 0.2)])
def test_stated_values(embed, objective, value):
    """Of two pairs the first has the stated distances; the second's part is taken off."""
    audio, text = torch.tensor([[4.0, 3.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    both = MultiViewTriplet([objective], 0.4)(embed(audio, text, torch.tensor([0, 1]))).item()
    audio, text = F.normalize(audio), F.normalize(text)
    matched = audio[1] @ text[1]
    mismatched = {
        "obj0": audio[1] @ text[0],
        "obj1": text[1] @ text[0],
        "obj2": audio[0] @ text[1],
        "obj3": audio[1] @ audio[0],
    }[objective]
    assert 2 * both - max(0.0, (0.4 + mismatched - matched).item()) == pytest.approx(value, abs=1e-9)


def by_loops(audio, text, words, objective, margin, negatives, k, root_mean_square):
    audio, text, words = F.normalize(audio), F.normalize(text), words.tolist()
    texts = {
        word: F.normalize(torch.stack([text[j] for j in range(len(words)) if words[j] == word]).mean(0), dim=0)
        for word in words
    }
    total = 0.0
    for x, word in zip(audio, words, strict=True):
        matched = (x @ texts[word]).item()
        pool = {
            "obj0": [(x @ texts[other], other) for other in texts if other != word],
            "obj1": [(texts[word] @ texts[other], other) for other in texts if other != word],
            "obj2": [(texts[word] @ y, other) for y, other in zip(audio, words, strict=True) if other != word],
            "obj3": [(x @ y, other) for y, other in zip(audio, words, strict=True) if other != word],
        }[objective]
        count = len(pool) if negatives == "all" else min(k, len(pool))
        if negatives == "semi_hard":
            pool = [(s, other) for s, other in pool if s.item() <= matched]
        violations = sorted((max(0.0, margin(word, other) + s.item() - matched) for s, other in pool), reverse=True)
        kept = [v**2 if root_mean_square else v for v in violations[:count]]
        mean = sum(kept) / max(1, count)
        total += mean**0.5 if root_mean_square else mean
    return total / len(words)


@pytest.mark.parametrize("root_mean_square", [False, True])
@pytest.mark.parametrize(
    ("negatives", "k"), [("hardest", 1), ("hardest", 2), ("hardest", 50), ("semi_hard", 2), ("all", 1)]
)
@pytest.mark.parametrize("labels", [[4, 0, 4, 2, 0, 4, 9, 2, 2], [1, 1, 1], [0, 1]])
def test_equals_loops(random_rows, embed, negatives, k, root_mean_square, labels):
    rows = random_rows(len(labels), dim=3, labels=labels)
    loss = MultiViewTriplet(EACH, 0.4, negatives=negatives, k=k, root_mean_square=root_mean_square)
    value = loss(embed(*rows)).item()
    for objective in EACH:
        expected = by_loops(*rows, objective, lambda *_: 0.4, negatives, k, root_mean_square)
        assert loss.metrics[objective].item() == pytest.approx(expected, abs=1e-9)
    assert value == pytest.approx(sum(loss.metrics.values()).item(), abs=1e-12)


def test_cost_sensitive_margin_grows_with_the_edit_distance(random_rows, embed):
    audio, text, words = random_rows(5, labels=[7, 3, 7, 1, 5])
    spelt = {7: [1, 2, 3], 3: [1, 2, 4], 1: [5, 6, 6, 6, 6, 6], 5: [1, 2]}
    edits = {(7, 3): 1, (7, 1): 6, (3, 1): 6, (7, 5): 1, (3, 5): 1, (1, 5): 6}
    embeddings = embed(audio, text, words)
    embeddings.token_ids = torch.full((5, 8), 3)  # padded with what would make two of them equal
    embeddings.text_mask = torch.zeros(5, 8, dtype=torch.bool)
    for row, word in enumerate(words.tolist()):
        embeddings.token_ids[row, : len(spelt[word])] = torch.tensor(spelt[word])
        embeddings.text_mask[row, : len(spelt[word])] = True

    def margin(word, other):
        return 0.6 * min(4, edits.get((word, other), edits.get((other, word)))) / 4

    loss = MultiViewTriplet(EACH, 0.6, max_distance=4, negatives="hardest", k=2)
    loss(embeddings)
    for objective in EACH:
        expected = by_loops(audio, text, words, objective, margin, "hardest", 2, False)
        assert loss.metrics[objective].item() == pytest.approx(expected, abs=1e-9)


def test_several_pronunciations_give_one_margin_whatever_their_order(random_rows, embed):
    audio, text, words = random_rows(4, labels=[0, 0, 1, 1])
    loss = MultiViewTriplet(margin=2.0, max_distance=9)
    values = []
    for order in ([0, 1, 2, 3], [1, 0, 3, 2]):
        embeddings = embed(audio[order], text[order], words[order])
        embeddings.token_ids = torch.tensor([[1, 2], [3, 4], [1, 2], [5, 6]])[order]
        embeddings.text_mask = torch.ones(4, 2, dtype=torch.bool)
        values.append(loss(embeddings).item())
    assert values[0] == pytest.approx(values[1], abs=1e-12)


def test_number_of_negatives_falls_and_then_stays():
    loss = MultiViewTriplet(k=16, min_k=8, k_decay=0.5)
    seen = []
    for progress in (0.0, 0.25, 0.5, 1.0):
        loss.set_progress(progress)
        seen.append(loss.current_k)
    assert seen == [16, 12, 8, 8]
    assert MultiViewTriplet(k=5).current_k == 5
    assert MultiViewTriplet(k=5, min_k=2, k_decay=0.0).current_k == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {"objectives": []},
        {"objectives": ["obj0", "obj0"]},
        {"objectives": ["obj4"]},
        {"negatives": "easy"},
        {"k": 0},
        {"k": 4, "min_k": 5},
        {"margin": -1.0},
        {"max_distance": 0},
    ],
)
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=r"must be .*(some of|one of|at least|at most)"):
        MultiViewTriplet(**arguments)

import torch

from kwskit.losses.terms.class_slots import class_means, class_slots, slot_means

LABELS = torch.tensor([70_000, 3, 3, 70_000, 12, 3])


def test_slots_count_the_smaller_labels():
    slot, size = class_slots(LABELS)
    assert slot.tolist() == [4, 0, 0, 4, 3, 0]
    assert size.tolist() == [3, 0, 0, 1, 2, 0]


def test_means_by_class():
    rows = torch.randn(6, 4)
    expected = torch.stack([rows[label == LABELS].mean(0) for label in (3, 12, 70_000)])
    (means,) = class_means(LABELS, rows)
    torch.testing.assert_close(means, expected)
    by_slot = slot_means(rows, *class_slots(LABELS))
    torch.testing.assert_close(by_slot[[0, 3, 4]], expected)
    assert (by_slot[[1, 2, 5]] == 0).all()

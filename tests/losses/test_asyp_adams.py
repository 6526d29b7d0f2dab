import math

import pytest
import torch

from kwskit.losses.asyp import AsyP
from kwskit.losses.asyp_adams import AsyPAdaMS


@pytest.fixture
def raw_tables():
    loss = AsyPAdaMS(2, parametrisation="raw")
    with torch.no_grad():
        loss.alpha_table.copy_(torch.tensor([0.5, 2.0]))
        loss.beta_table.copy_(torch.tensor([1.5, 3.0]))
        loss.lam_table.copy_(torch.tensor([0.2, 0.4]))
    return loss


@pytest.mark.parametrize("level", ["utt", "phn"])
def test_stated_value_and_gradients(embed, fixture_a, raw_tables, level):
    raw_tables.level = level
    value = raw_tables(embed(*fixture_a))
    value.backward()
    assert value.item() == pytest.approx(2.0605396356256556, abs=1e-9)
    assert raw_tables.alpha_table.grad.tolist() == pytest.approx([-2.8934324096230535, -0.04508772726160084], abs=1e-9)
    assert raw_tables.beta_table.grad.tolist() == pytest.approx([0.057717008617549984, 0.03580330446653569], abs=1e-9)
    assert raw_tables.lam_table.grad.tolist() == pytest.approx([-0.14038274680431165, -0.4228415944996725], abs=1e-9)


def test_stated_gradient_by_similarity(fixture_a, raw_tables):
    audio, text, labels = fixture_a
    audio.requires_grad_(), text.requires_grad_()
    stated = torch.tensor(
        [
            [-0.10241611205072093, 0.11573760825049115, -0.09266993039325586],
            [0.3228281531128977, -0.07715840550032746, 0.21277874159417048],
            [-0.09108707623465308, 0.3842623917495088, -0.10905102922412666],
        ]
    )
    cosines = torch.nn.functional.cosine_similarity(text[:, None], audio, dim=-1)
    carried = torch.autograd.grad((cosines * stated).sum(), (audio, text))
    found = torch.autograd.grad(raw_tables.pair_loss(audio, text, labels), (audio, text))
    torch.testing.assert_close(found, carried, atol=1e-12, rtol=1e-9)


@pytest.mark.parametrize(
    ("constants", "stated"),
    [
        ((0.01, 1.5, 0.01), (-9634.47561174567, 0.2375670204282, -0.3085226543075775)),
        ((2.0, 4.0, 0.5), (-0.21933443988998996, 0.028581764006503224, -1.116939326227689)),
    ],
)
def test_stated_gradients_by_shared_constants(fixture_a, constants, stated):
    loss = AsyPAdaMS(2, *constants, parametrisation="raw")
    loss.pair_loss(*fixture_a).backward()
    tables = (loss.alpha_table, loss.beta_table, loss.lam_table)
    assert [table.grad.sum().item() for table in tables] == pytest.approx(stated, rel=1e-9)


@pytest.mark.parametrize("parametrisation", ["softplus", "exp", "raw"])
@pytest.mark.parametrize("constants", [(0.01, 1.5, 0.01), (2.0, 40.0, 0.5)])
def test_equal_tables_give_the_fixed_loss(random_rows, parametrisation, constants):
    audio, text, labels = random_rows(9)
    learnt = AsyPAdaMS(3, *constants, parametrisation=parametrisation).pair_loss(audio, text, labels)
    fixed = AsyP(*constants).pair_loss(audio, text, labels)
    assert learnt.item() == pytest.approx(fixed.item(), abs=1e-9)


def test_starting_values_are_inverted_by_the_parametrisation():
    assert AsyPAdaMS(1, parametrisation="exp").alpha_table.item() == pytest.approx(-4.605170185988091, abs=1e-12)
    assert AsyPAdaMS(1, 0.0101).alpha_table.item() == pytest.approx(-4.600166019324897, abs=1e-9)
    assert AsyPAdaMS(1, beta=1.5001).beta_table.item() == pytest.approx(1.247517541074546, abs=1e-9)


def test_slope_by_alpha_is_minus_an_entropy_over_its_square():
    """One anchor text with positives at cosine .9 and .2, alpha .7, lambda .3: both sides are -2.1994581742."""
    cosines, alpha, lam = (0.9, 0.2), 0.7, 0.3
    audio = torch.tensor([[c, math.sqrt(1 - c * c)] for c in cosines])
    text = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    loss = AsyPAdaMS(1, alpha, lam=lam, parametrisation="raw")
    loss.pair_loss(audio, text, torch.tensor([0, 0])).backward()
    assert loss.alpha_table.grad.item() == pytest.approx(-2.1994581742106893, abs=1e-9)


@pytest.mark.parametrize("parametrisation", ["softplus", "exp", "raw"])
def test_absent_classes_stay_where_they_were(random_rows, parametrisation):
    audio, text, labels = random_rows(6, labels=[1, 1, 3, 3, 1, 3])
    loss = AsyPAdaMS(5, parametrisation=parametrisation)
    before = [table.detach().clone() for table in loss.parameters()]
    assert {(p.weight_decay, p.max_grad_norm) for p in loss.parameters()} == {(0.0, 1.0)}
    groups = [{"params": [p], "weight_decay": p.weight_decay} for p in loss.parameters()]
    optimizer = torch.optim.AdamW(groups, lr=0.1, weight_decay=0.5)
    for _ in range(3):
        optimizer.zero_grad()
        loss.pair_loss(audio, text, labels).backward()
        optimizer.step()
    for table, old in zip(loss.parameters(), before, strict=True):
        moved = table != old
        assert moved.tolist() == [False, True, False, True, False]


def test_tags_survive_moving_and_loading():
    loss = AsyPAdaMS(4).to(torch.float32)
    loss.load_state_dict(AsyPAdaMS(4).state_dict())
    assert all(p.weight_decay == 0.0 and p.max_grad_norm == 1.0 for p in loss.parameters())


@pytest.mark.parametrize("arguments", [{"parametrisation": "log"}, {"alpha": 1e-5}])
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=r"parametrisation must be|above"):
        AsyPAdaMS(3, **arguments)

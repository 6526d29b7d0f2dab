import pytest
import torch

from kwskit.losses.relational_proxy import RelationalProxy

ASYP, DISTANCE, ANGLE, CENTROID = 0.66476494482311, 0.09528422837715905, 0.0723665121610859, 0.2825915492870665


def test_parts_add_up_to_the_stated_values(embed, fixture_b):
    loss = RelationalProxy(alpha=2.0, beta=4.0, lam=0.5, mask_same_word=False)
    assert loss(embed(*fixture_b)).item() == pytest.approx(ASYP + DISTANCE + 2 * ANGLE + CENTROID, abs=1e-9)
    logged = {name: value.item() for name, value in loss.metrics.items()}
    assert logged == pytest.approx({"asyp": ASYP, "distance": DISTANCE, "angle": ANGLE, "prototype": CENTROID})


@pytest.mark.parametrize(
    ("weights", "value"),
    [
        ((1, 0, 0, 0), ASYP),
        ((0, 3, 0, 0), 3 * DISTANCE),
        ((0, 0, 0.5, 0), 0.5 * ANGLE),
        ((0, 0, 0, 1), 0.07394395638574393),
    ],
)
def test_a_part_of_weight_zero_is_left_out(embed, fixture_b, weights, value):
    loss = RelationalProxy(*weights, alpha=2.0, beta=4.0, lam=0.5, mask_same_word=False, proto_mode="proxy_row")
    assert loss(embed(*fixture_b)).item() == pytest.approx(value, abs=1e-9)
    assert len(loss.metrics) == 1


def test_detached_text_still_learns_from_asyp(random_rows):
    audio, text, labels = random_rows()
    for asyp_weight in (1.0, 0.0):
        proxies = text.clone().requires_grad_(True)
        RelationalProxy(asyp_weight, detach_text=True).pair_loss(audio.requires_grad_(), proxies, labels).backward()
        assert (proxies.grad is not None) == bool(asyp_weight)


def test_phonemes_take_the_angles_of_their_means(embed, random_rows):
    audio, text, labels = random_rows(8)
    loss = RelationalProxy(level="phn", angle_points="keywords")
    assert loss(embed(audio, text, labels, lengths=[3, 5])).isfinite()


@pytest.mark.parametrize("weights", [(0, 0, 0, 0), (1, -1, 0, 0)])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(ValueError, match=r"not all be 0|angle_weight must|distance_weight must"):
        RelationalProxy(*weights)


def test_text_without_a_graph_is_fine(fixture_b):
    audio, text, labels = fixture_b
    RelationalProxy().pair_loss(audio.requires_grad_(), text, labels).backward()
    assert torch.isfinite(audio.grad).all()

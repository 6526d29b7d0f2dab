import importlib
import math

import pytest
import torch
import torch.nn.functional as F

from kwskit.losses.clat import Clat
from kwskit.losses.proxy_ms import ProxyMS
from kwskit.losses.pytorch_metric_learning import PytorchMetricLearning
from kwskit.registry import get

zoo = pytest.importorskip("pytorch_metric_learning.losses", reason="the extra zoo is not installed")

LABELS = [4, 0, 4, 2, 0, 4, 7]


@pytest.mark.parametrize("level", ["utt", "phn"])
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (("SupConLoss", {"temperature": 0.3}), lambda level: Clat("multi_out", 0.3, level=level)),
        (("MultiSimilarityLoss", {"alpha": 2, "beta": 40}), lambda level: ProxyMS(level=level)),
    ],
)
def test_equals_our_own_form(random_rows, embed, level, theirs, ours):
    rows = embed(*random_rows(7, labels=LABELS), lengths=[3, 4], padding=2)
    value = PytorchMetricLearning(*theirs, level=level)(rows).item()
    assert value == pytest.approx(ours(level)(rows).item(), abs=1e-9)


@pytest.mark.parametrize("level", ["utt", "phn"])
def test_nt_xent_equals_loops(random_rows, embed, level):
    audio, text, labels = random_rows(7, labels=LABELS)
    cosines = F.cosine_similarity(audio[:, None], text, dim=-1) / 0.2
    values = []
    for i in range(7):
        away = sum(math.exp(cosines[i, k]) for k in range(7) if labels[k] != labels[i])
        for j in range(7):
            if labels[i] == labels[j]:
                near = math.exp(cosines[i, j])
                values.append(-math.log(near / (near + away)))
    loss = PytorchMetricLearning("NTXentLoss", {"temperature": 0.2}, level=level)
    value = loss(embed(audio, text, labels, lengths=[3, 4], padding=2)).item()
    assert value == pytest.approx(sum(values) / len(values), abs=1e-9)


def test_miner_and_distance_are_made_by_name(random_rows, embed):
    """MS mining as in Proxy-MS; a squared Euclidean distance of unit rows is 2 - 2 cos."""
    audio, text, labels = random_rows(7, labels=LABELS)
    mined = PytorchMetricLearning(
        "MultiSimilarityLoss", {"alpha": 2, "beta": 40}, miner="MultiSimilarityMiner", miner_arguments={"epsilon": 0.1}
    )
    assert mined(embed(audio, text, labels)).item() > 0
    loss = PytorchMetricLearning("ContrastiveLoss", distance="LpDistance", distance_arguments={"power": 2})
    squares = 2 - 2 * F.cosine_similarity(audio[:, None], text, dim=-1)
    same = labels[:, None] == labels
    push = (1 - squares[~same]).clamp(min=0)
    expected = squares[same].mean() + push.sum() / (push > 0).sum()
    assert loss(embed(audio, text, labels)).item() == pytest.approx(expected.item(), abs=1e-9)


def test_proxies_learn_from_both_modalities(random_rows, embed):
    audio, text, labels = random_rows(7, labels=LABELS)
    audio.requires_grad_(), text.requires_grad_()
    loss = PytorchMetricLearning("NormalizedSoftmaxLoss", {"num_classes": 8, "embedding_size": 5, "temperature": 0.5})
    ((name, proxies),) = loss.named_parameters()
    assert name == "inner.W"
    value = loss(embed(audio, text, labels))
    logits = F.normalize(torch.cat([audio, text])) @ F.normalize(proxies, dim=0) / 0.5
    assert value.item() == pytest.approx(F.cross_entropy(logits, torch.cat([labels, labels])).item(), abs=1e-9)
    value.backward()
    assert all(x.grad.abs().sum() > 0 for x in (audio, text, proxies))


CONSTRUCTED = {"num_classes": 8, "embedding_size": 5}
STAND_ALONE = {
    "ArcFaceLoss": CONSTRUCTED,
    "CosFaceLoss": CONSTRUCTED,
    "LargeMarginSoftmaxLoss": CONSTRUCTED,
    "NormalizedSoftmaxLoss": CONSTRUCTED,
    "SphereFaceLoss": CONSTRUCTED,
    "SubCenterArcFaceLoss": CONSTRUCTED,
    "P2SGradLoss": {"num_classes": 8, "descriptors_dim": 5},
    "ProxyAnchorLoss": CONSTRUCTED,
    "ProxyNCALoss": CONSTRUCTED,
    "SoftTripleLoss": CONSTRUCTED,
    "HistogramLoss": {"n_bins": 5},
    "ManifoldLoss": {"l": 5, "K": 3},
    "RankedListLoss": {"margin": 0.4, "Tn": 1.0},
    "MarginLoss": {"learn_beta": True, "num_classes": 8},
}
ABSTRACT = {"BaseMetricLossFunction", "GenericPairLoss"}


def stand_alone():
    return sorted(
        name
        for name, value in vars(zoo).items()
        if isinstance(value, type) and issubclass(value, zoo.BaseMetricLossFunction) and name not in ABSTRACT
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", stand_alone())
def test_every_loss_teaches_audio_and_text(random_rows, embed, name):
    audio, text, labels = random_rows(8, labels=[4, 0, 2, 0, 4, 7, 2, 7])  # some ask for equally many of each
    audio.requires_grad_(), text.requires_grad_()
    loss = PytorchMetricLearning(name, STAND_ALONE.get(name))
    value = loss(embed(audio, text, labels))
    value.backward()
    assert value.isfinite()
    assert audio.grad.isfinite().all()
    assert text.grad is not None
    assert text.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"loss": "SupConLos"},
            r"no 'SupConLos' among its losses .*\(did you mean 'SupConLoss'\?\); known: AngularLoss",
        ),
        ({"loss": "CrossBatchMemory"}, "that stand alone"),
        ({"loss": "SupConLoss", "miner": "HardMiner"}, "among its miners"),
        ({"loss": "SupConLoss", "distance": "Cosine"}, "did you mean 'CosineSimilarity'"),
        (
            {"loss": "SupConLoss", "arguments": {"temprature": 1}},
            "SupConLoss does not take these arguments.*temprature",
        ),
        ({"loss": "SubCenterArcFaceLoss"}, "does not take these arguments"),
        ({"loss": "VICRegLoss", "miner": "MultiSimilarityMiner"}, "VICRegLoss looks at no labels"),
    ],
)
def test_mistakes_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        PytorchMetricLearning(**arguments)


def test_a_missing_package_is_explained(monkeypatch):
    part = get("loss", "pytorch_metric_learning")

    def missing(name):
        raise ModuleNotFoundError(f"No module named '{name}'")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ValueError, match=r"not installed .*python -m pip install 'kwskit\[zoo\]'"):
        part.cls("SupConLoss")

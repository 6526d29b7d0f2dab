import pytest

from kwskit.data.stream_features.settings import StreamFeatureSettings
from kwskit.training.plan import PlanError, TrainingPlan


def test_defaults_are_the_papers_batch_shape():
    plan = TrainingPlan.from_mapping({"epochs": 100, "keywords": 250})
    assert (plan.utterances, plan.accumulate, plan.precision) == (2, 1, "fp32")


def test_how_words_are_heard():
    plan = TrainingPlan.from_mapping({"epochs": 1, "keywords": 2, "heard": {"views": 3, "alone": 0.5}})
    assert plan.heard == StreamFeatureSettings(views=3, alone=0.5)
    assert TrainingPlan.from_mapping({"epochs": 1, "keywords": 2, "heard": {}}).heard == StreamFeatureSettings()
    assert TrainingPlan.from_mapping({"epochs": 1, "keywords": 2, "heard": None, "resident": "pcm"}).heard is None


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"epochs": 1, "keyword": 2}, "no field 'keyword' .did you mean 'keywords'"),
        ({"epochs": 1}, "'keywords' is missing"),
        ({"epochs": 0, "keywords": 2}, "training.epochs must be a whole number"),
        ({"epochs": 1.5, "keywords": 2}, "training.epochs must be a whole number"),
        ({"epochs": 1, "keywords": 2, "precision": "int8"}, "training.precision must be one of"),
        ({"epochs": 1, "keywords": 2, "schedule_every": "week"}, "'epoch' or 'step'"),
        ({"epochs": 1, "keywords": 2, "resident": "all"}, "null, 'pcm' or 'features', not 'all'"),
        ({"epochs": 1, "keywords": 2, "validate": "words"}, "'trials' or 'segments', not 'words'"),
        ({"epochs": 1, "keywords": 2, "init": "m", "init_share": 1.0}, "init_share must lie from 0 to below 1"),
        ({"epochs": 1, "keywords": 2, "init_share": 0.5}, "init_share mixes with the weights of training.init"),
        ({"epochs": 1, "keywords": 2, "passes": 0}, "training.passes must be a whole number"),
        ({"epochs": 1, "keywords": 2, "heard": {}, "resident": "pcm"}, "heard and training.resident .* leave one out"),
        ({"epochs": 1, "keywords": 2, "heard": {"view": 2}}, r"training\.heard: .*'view'"),
        ({"epochs": 1, "keywords": 2, "heard": {"views": 0}}, r"training\.heard: views must be a whole number"),
        ({"epochs": 1, "keywords": 2, "heard": {"views": "two"}}, r"training\.heard: views must be a whole number"),
        ({"epochs": 1, "keywords": 2, "heard": {"alone": 2}}, r"training\.heard: alone and phrases in 0 to 1"),
        ({"epochs": 1, "keywords": 2, "heard": {"jitter": "some"}}, r"training\.heard: "),
        ({"epochs": 1, "keywords": 2, "heard": 2}, r"training\.heard: "),
        ({"epochs": 1, "keywords": 2, "keep": "first"}, "'best' or 'last', not 'first'"),
        ({"epochs": 1, "keywords": 2, "keep": "last", "early_stop": 3}, "early_stop .* has to be null"),
    ],
)
def test_mistakes_are_named(section, told):
    with pytest.raises(PlanError, match=told):
        TrainingPlan.from_mapping(section)

import pytest

from kwskit.arguments import ArgumentError
from kwskit.data.stream_features.settings import StreamFeatureSettings
from kwskit.data.utterance_batches import UtteranceSettings
from kwskit.training.plan import TrainingPlan


def test_defaults_are_the_papers_batch_shape():
    plan = TrainingPlan.from_mapping({"epochs": 100, "keywords": 250})
    assert (plan.utterances, plan.accumulate, plan.precision) == (2, 1, "fp32")


def test_how_words_are_heard():
    plan = TrainingPlan.from_mapping({"epochs": 1, "keywords": 2, "heard": {"views": 3, "alone": 0.5}})
    assert plan.heard == StreamFeatureSettings(views=3, alone=0.5)
    assert TrainingPlan.from_mapping({"epochs": 1, "keywords": 2, "heard": {}}).heard == StreamFeatureSettings()
    assert TrainingPlan.from_mapping({"epochs": 1, "keywords": 2, "heard": None, "resident": "pcm"}).heard is None


def test_how_utterances_are_heard_whole():
    plan = TrainingPlan.from_mapping({"epochs": 1, "keywords": 2, "whole": {"seconds": 60, "same": 1}})
    assert plan.whole == UtteranceSettings(seconds=60, segments=384, longest_phrase=4, same=1, jitter=0.06)
    assert TrainingPlan.from_mapping({"epochs": 1, "keywords": 2, "whole": {}, "resident": "pcm"}).resident == "pcm"
    assert TrainingPlan.from_mapping({"epochs": 1, "keywords": 2, "whole": None, "heard": {}}).whole is None


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"epochs": 1, "keyword": 2}, "training.keyword is unknown .did you mean 'keywords'"),
        ({"epochs": 1}, "training.keywords is missing"),
        ({"epochs": 0, "keywords": 2}, "training.epochs must be a whole number"),
        ({"epochs": 1.5, "keywords": 2}, "training.epochs must be a whole number"),
        ({"epochs": 1, "keywords": 2, "precision": "int8"}, "training.precision must be one of"),
        ({"epochs": 1, "keywords": 2, "schedule_every": "week"}, "one of .'epoch', 'step'"),
        ({"epochs": 1, "keywords": 2, "resident": "all"}, "one of .'pcm', 'features'. or null, not 'all'"),
        ({"epochs": 1, "keywords": 2, "validate": "words"}, "one of .'trials', 'segments'., not 'words'"),
        ({"epochs": 1, "keywords": 2, "init": "m", "init_share": 1.0}, "init_share must be a number from 0 to below 1"),
        ({"epochs": 1, "keywords": 2, "init_share": 0.5}, "init_share mixes with the weights of training.init"),
        ({"epochs": 1, "keywords": 2, "passes": 0}, "training.passes must be a whole number"),
        ({"epochs": 1, "keywords": 2, "heard": {}, "resident": "pcm"}, "heard and training.resident .* leave one out"),
        ({"epochs": 1, "keywords": 2, "heard": {"view": 2}}, r"training\.heard\.view is unknown .did you mean 'views'"),
        ({"epochs": 1, "keywords": 2, "heard": {"views": 0}}, r"training\.heard\.views must be a whole number"),
        ({"epochs": 1, "keywords": 2, "heard": {"views": "two"}}, r"training\.heard\.views must be a whole number"),
        ({"epochs": 1, "keywords": 2, "heard": {"alone": 2}}, r"training\.heard\.alone must be a number from 0 to 1"),
        ({"epochs": 1, "keywords": 2, "heard": {"jitter": "some"}}, r"training\.heard\.jitter must be a number"),
        ({"epochs": 1, "keywords": 2, "heard": 2}, r"training\.heard must be a mapping or null, not 2"),
        ({"epochs": 1, "keywords": 2, "whole": {}, "heard": {}}, "whole and training.heard both say .*: leave one out"),
        (
            {"epochs": 1, "keywords": 2, "whole": {"second": 2}},
            r"training\.whole\.second is unknown .did you mean 'seco",
        ),
        (
            {"epochs": 1, "keywords": 2, "whole": {}, "resident": "features"},
            r"training\.resident is null or pcm with training\.whole",
        ),
        ({"epochs": 1, "keywords": 2, "whole": {"segments": 0}}, r"training\.whole\.segments must be a whole number"),
        ({"epochs": 1, "keywords": 2, "whole": {"seconds": 0}}, r"training\.whole\.seconds must be a number above 0"),
        (
            {"epochs": 1, "keywords": 2, "whole": {"jitter": -1}},
            r"training\.whole\.jitter must be a number of at least",
        ),
        ({"epochs": 1, "keywords": 2, "keep": "first"}, "one of .'best', 'last'., not 'first'"),
        ({"epochs": 1, "keywords": 2, "compile": "no"}, "training.compile must be true or false, not 'no'"),
        ({"epochs": 1, "keywords": 2, "max_grad_norm": -5}, "training.max_grad_norm must be a number above 0, not -5"),
        ({"epochs": 1, "keywords": 2, "max_grad_norm": None}, "training.max_grad_norm must be .*, not null"),
        ({"epochs": 1, "keywords": 2, "max_grad_norm": float("inf")}, "not inf"),
        ({"epochs": 1, "keywords": 2, "early_stop": 0}, "early_stop must be a whole number of at least 1 or null"),
        ({"epochs": True, "keywords": 2}, "training.epochs must be a whole number of at least 1, not true"),
        ({"epochs": 1, "keywords": 2, "freeze": None}, "training.freeze must be a list, each text, not null"),
        ({"epochs": 1, "keywords": 2, "freeze": "aligner"}, "training.freeze must be a list"),
        (None, "training must be a mapping"),
        ({"epochs": 1, "keywords": 2, "keep": "last", "early_stop": 3}, "early_stop .* has to be null"),
    ],
)
def test_mistakes_are_named(section, message):
    with pytest.raises(ArgumentError, match=message):
        TrainingPlan.from_mapping(section)

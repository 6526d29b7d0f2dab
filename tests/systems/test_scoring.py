import numpy as np
import pytest
import torch

from kwskit.data.records import read_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.systems.scoring import TrialScorer, encode_store


@pytest.fixture
def test_store(mini_corpus):
    return PackedStore.open(mini_corpus / "store" / "test")


def test_embeddings_do_not_depend_on_the_batch(model, test_store):
    together = encode_store(model.system, test_store, batch_size=5)
    alone = []
    for row in range(len(test_store)):
        pcm = torch.from_numpy(test_store.read(row).copy()).float()[None] / 32768
        with torch.no_grad():
            alone.append(model.system.embed_audio(pcm, torch.tensor([pcm.shape[1]]))[0])
    torch.testing.assert_close(together.frames[:, 0], torch.stack(alone), atol=2e-5, rtol=1e-4)


def test_scores_are_cosines_of_the_trials(model, mini_corpus, test_store):
    trials, _ = read_records(mini_corpus / "trials" / "test_wsj.tsv", "trials")
    scores = TrialScorer(test_store, trials, model.tokenizer).scores(model.system)
    audio = encode_store(model.system, test_store).frames[:, 0].numpy()
    for trial, score in list(zip(trials.to_pylist(), scores, strict=True))[::7]:
        best = -np.inf
        for tokens in model.tokenizer.encode(trial["enrol_text"]):
            with torch.no_grad():
                text = model.system.embed_text(torch.tensor([tokens]), torch.tensor([len(tokens)]))[0].numpy()
            best = max(best, float(audio[test_store.index_of(trial["utt_id"])] @ text))
        assert score == pytest.approx(best, abs=1e-5)


def test_a_trial_of_an_unknown_utterance_is_named(model, mini_corpus, test_store):
    trials, _ = read_records(mini_corpus / "trials" / "dev_wsj.tsv", "trials")
    with pytest.raises(KeyError, match="dev-"):
        TrialScorer(test_store, trials, model.tokenizer)

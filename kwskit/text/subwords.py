"""Subword pieces, learnt from a vocabulary with sentencepiece."""

import io
import re
from collections.abc import Iterable

from kwskit.text.normalise import normalise

SPACE = "▁"  # sentencepiece's sign for the beginning of a word
LETTERS = (SPACE, *"abcdefghijklmnopqrstuvwxyz", "'")


def plain_words(text: str) -> list[str]:
    """The words of ``text`` over ``[a-z']``; hyphens and dots separate words.

    Raises
    ------
    UnpronounceableText
        As :func:`kwskit.text.normalise.normalise`.
    """
    return [word for token in normalise(text) for word in re.split("[.-]+", token) if word]


def learn_subwords(words: Iterable[str], size: int) -> list[str]:
    """At most ``size`` pieces of a unigram model of ``words``, each as ``"piece score"``, the score a log-probability.

    Single letters are always among them, so that every word can be written. Source: Kudo 2018, "Subword
    Regularization", by sentencepiece's trainer on one thread, which gives the same pieces every time.

    Raises
    ------
    ValueError
        When ``size`` is too small for the letters, or there are no words.
    """
    if size < len(LETTERS):
        raise ValueError(f"at least {len(LETTERS)} subwords are needed to write every word, not {size}")
    import sentencepiece

    sentences = [" ".join(plain_words(word)) for word in words]
    if not sentences:
        raise ValueError("no words to learn subwords from")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        model_type="unigram",
        vocab_size=size + 3,  # and <unk>, <s>, </s>
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="identity",
        num_threads=1,
        minloglevel=2,
    )
    learnt = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    scores = {
        learnt.id_to_piece(i): learnt.get_score(i)
        for i in range(learnt.get_piece_size())
        if not learnt.is_control(i) and not learnt.is_unknown(i)
    }
    # A letter that no word has costs more than any piece that was seen.
    unseen = min(scores.values()) - 1.0
    letters = {letter: scores.pop(letter, unseen) for letter in LETTERS}
    kept = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[: size - len(letters)]
    return [f"{piece} {score:.6g}" for piece, score in (*letters.items(), *kept)]

"""What makes a keyword good, risky or poor."""

import re

from kwskit.check.keyword_check import CLOSE, SPOKEN, KeywordCheck, Remark
from kwskit.spotting.expected_duration import WINDOWS

FEWEST, FEW = 4, 5  # phonemes: below the first a keyword is poor, below the second risky
CROWD, LONGER_WORDS, PRONUNCIATIONS = 20, 20, 4
FEW_VOWELS = 0.25
MEND = "Allow more false alarms, give spoken examples, or take a longer keyword."
TWICE = 2.0  # more false alarms than so many times those asked for


def remarks(check: KeywordCheck) -> tuple[Remark, ...]:
    """Advice on a keyword, the gravest first; the verdict is that of the gravest (ours).

    Poor is a keyword

    - of fewer than four phonemes in any of its pronunciations, or of one syllable and fewer than five;
    - whose threshold is above what it scores itself as typed: hardly anybody's speech would reach it;
    - that sounds the same as another of the keywords.

    Risky is one

    - of one syllable, or of four phonemes;
    - of which the threshold is above four fifths of what it scores itself, which is what spoken words reach in the
      mean;
    - with a word whose readings are guessed, until somebody chooses: of wrong ones hardly anything will be heard;
    - of which recordings are doubted: something else is said in them, or no reading fits;
    - with another word that sounds the same;
    - with twenty words or more that score nine tenths of what it scores itself, and reach the threshold;
    - that is a part of twenty words or more, or of which a part that is a word scores as those do, or reaches the
      threshold with four fifths of its score;
    - longer than the longest window by half;
    - that another keyword sets off, typed, at its threshold and with nine tenths of its score;
    - with more than twice the false alarms an hour that were asked for, or, where none were, more than one.

    Anything else is a note: spelt pronunciations, more than four of them, fewer than one vowel in four
    phonemes, numbers, words within it or around it, phrases that differ from it in one word, and no background, without
    which a threshold is not judged. How often a word is said is not known here, so that a rare name counts as much as a
    common word.
    """
    found = [
        *_length(check),
        *_threshold(check),
        *_neighbours(check),
        *_rivals(check),
        *_reading(check),
    ]
    order = {"poor": 0, "risky": 1, "note": 2}
    found.sort(key=lambda remark: order[remark.level])
    if not found or found[0].level == "note":
        message = f"{check.phonemes} phonemes in {_count(check.syllables, 'syllable')}, and no crowd of words near it."
        found.insert(0, Remark("good", message))
    return tuple(found)


def _length(check: KeywordCheck) -> list[Remark]:
    phonemes, syllables, found = check.phonemes, check.syllables, []
    message = f"It has only {_count(phonemes, 'phoneme')} in {_count(syllables, 'syllable')}"
    if phonemes < FEWEST or (phonemes < FEW and syllables <= 1):
        found.append(Remark("poor", f"{message}: too short to be told from parts of other words. Take a longer one."))
    elif phonemes < FEW or syllables <= 1:
        found.append(
            Remark("risky", f"{message}: short words are part of much else. Two words, or three syllables, do.")
        )
    if check.keyword.seconds > 1.5 * WINDOWS[-1]:
        found.append(
            Remark(
                "risky",
                f"It takes about {check.keyword.seconds:.1f} s to be said, and {WINDOWS[-1]:g} s are heard at once: "
                "only a part of it will be compared. Take fewer words.",
            )
        )
    if check.vowels < FEW_VOWELS:
        found.append(
            Remark(
                "note", "Fewer than a quarter of its sounds are vowels, which carry furthest in a room and in noise."
            )
        )
    return found


def _threshold(check: KeywordCheck) -> list[Remark]:
    keyword, found = check.keyword, []
    typed = f"The threshold is {keyword.threshold:.2f}, and the keyword itself, as typed, scores {check.own:.2f}"
    if check.calibrated and keyword.threshold > check.own:
        found.append(Remark("poor", f"{typed}: hardly anybody's speech will reach it. {MEND}"))
    elif check.calibrated and keyword.threshold > SPOKEN * check.own:
        found.append(Remark("risky", f"{typed}, of which spoken words reach four fifths: many will be missed. {MEND}"))
    if check.false_alarms is None:
        message = "There is no background, so that false alarms are unknown: kwskit calibrate MODEL RECORDINGS."
        found.append(Remark("note", message))
    else:
        asked = keyword.fa_per_hour
        if check.false_alarms > (1.0 if asked is None else TWICE * asked):
            wanted = "" if asked is None else f" where {asked:g} were asked for"
            message = f"About {check.false_alarms:.2g} false alarms an hour are estimated at its threshold{wanted}."
            found.append(Remark("risky", message))
    return found


def _neighbours(check: KeywordCheck) -> list[Remark]:
    found = []
    same = [one.text for one in check.words if one.same and "'" not in one.text]
    if same:
        found.append(
            Remark("risky", f"Another word sounds the same: {_listed(same)}. It will be heard as the keyword.")
        )
    if check.close:
        level = "risky" if check.close >= CROWD else "note"
        near = [one.text for one in check.words if one.score >= CLOSE * check.own and not one.same]
        message = f"{_count(check.close, 'word')} would set it off with nearly its own score"
        found.append(Remark(level, f"{message}, such as {_listed(near)}." if near else f"{message}."))
    if check.around:
        level = "risky" if len(check.around) >= LONGER_WORDS else "note"
        message = f"It is a part of {_count(len(check.around), 'longer word')}: {_listed(check.around)}."
        found.append(Remark(level, f"{message} Each of them may set it off."))
    if check.parts:
        text, score = check.parts[0]
        sets_off = check.calibrated and SPOKEN * score >= check.keyword.threshold
        message = f"Half of it or more is a word itself: '{text}' alone scores {score:.2f} as typed"
        if sets_off:
            message += f", where the threshold is {check.keyword.threshold:.2f}. Allow fewer false alarms to raise it"
        found.append(Remark("risky" if sets_off or score >= check.least else "note", f"{message}."))
    if check.changes_heard:
        message = (
            f"Of {len(check.changes)} phrases without one of its words, or with one that sounds nearly alike, "
            f"{len(check.changes_heard)} would set it off, such as {_listed(check.changes_heard)}."
        )
        found.append(Remark("note", message))
    return found


def _rivals(check: KeywordCheck) -> list[Remark]:
    found = []
    for rival in check.rivals:
        if rival.same:
            found.append(Remark("poor", f"It sounds the same as '{rival.text}', which is to be listened for too."))
        elif rival.score >= check.least:
            message = f"'{rival.text}', which is to be listened for too, sets it off: {rival.score:.2f} as typed."
            found.append(Remark("risky", message))
    return found


def _reading(check: KeywordCheck) -> list[Remark]:
    heard, found = check.heard, []
    if heard is not None:
        found += [Remark("risky", doubt) for doubt in heard.doubts]
        if heard.by == "scores":
            text = "This model cannot read phonemes off a recording: typed and guessed readings alone are compared."
            found.append(Remark("note", text))
    for word, origin in check.reads:
        if origin == "guessed" and heard is not None:
            text = f"'{word}' is in no dictionary. Of its readings '{heard.typed}' fits the recordings best: type that."
            if heard.by == "scores":
                text = (
                    f"'{word}' is in no dictionary. Of its guesses '{heard.typed}' fits the recordings best, and "
                    f"all may be wrong: type it as it is said, '{check.keyword.text}=PHONEMES', or enrol the "
                    "recordings, too."
                )
            found.append(Remark("risky", text))
        elif origin == "guessed":
            text = (
                f"'{word}' is in no dictionary: what is listened for is guessed, and where no guess is right, hardly "
                f"anything will be heard. Choose: '{check.keyword.text}={check.pronunciations[0]}' keeps one reading, "
                f"'{check.keyword.text}~RESPELLING' writes it in words that a dictionary has."
            )
            found.append(Remark("risky", text))
        elif origin == "spelt":
            text = f"'{word}' is spelt letter by letter. Look at it; write it in words to have it said otherwise."
            found.append(Remark("note", text))
    if re.search(r"\d", check.keyword.text) and not any(origin == "given" for _, origin in check.reads):
        text = f"It is read as '{' '.join(word for word, _ in check.reads)}'; type the words to have it read otherwise."
        found.append(Remark("note", text))
    if len(check.pronunciations) > PRONUNCIATIONS:
        text = f"It has {len(check.pronunciations)} pronunciations, and each may be set off by other words."
        found.append(Remark("note", text))
    return found


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _listed(words: list[str] | tuple[str, ...], most: int = 4) -> str:
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown}, …"

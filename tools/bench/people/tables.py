"""Results as Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from people.comparison import above_zero, comparisons

WORDS, PHRASES = "librispeech", "phrases"


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text, the others numbers."""
    lines = [f"| {' | '.join(heads)} |", "|---|" + "---:|" * (len(heads) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def result_tables(models: Mapping[str, dict[str, Any]]) -> list[str]:
    """All but the errors."""
    typed, spotted = (
        (digit_tables, text_tables, near_tables, sentence_tables),
        (alarm_tables, steadiness_tables, wake_tables),
    )
    return [table for kind in (*typed, *spotted, comparison_tables) for table in kind(models)]


def digit_tables(models: Mapping[str, dict[str, Any]]) -> list[str]:
    """Top-1 of each model, by speaker and by digit, and its confusions."""
    found = {name: result["digits"] for name, result in models.items() if "digits" in result}
    if not found:
        return []
    one = next(iter(found.values()))
    speakers, digits = list(one["by_speaker"]), list(one["by_digit"])
    heads = ["digits, top 1 in %", "clips", "by speakers", "by recordings", *speakers]
    rows = [
        [name, str(result["clips"]), *(result["top1"][by].percent() for by in ("speakers", "recordings"))]
        + [result["by_speaker"][speaker].percent() for speaker in speakers]
        for name, result in found.items()
    ]
    by_digit = [
        [name, *(f"{100 * result['by_digit'][digit].value:.0f}" for digit in digits)] for name, result in found.items()
    ]
    confused = [
        [name, ", ".join(f"{c['said']} as {c['taken_for']} {c['times']} of {c['of']}" for c in result["confusions"])]
        for name, result in found.items()
    ]
    return [
        markdown(heads, rows),
        markdown(["digits, top 1 in %", *digits], by_digit),
        "\n".join(f"- {name}: {pairs}" for name, pairs in confused),
    ]


def text_tables(models: Mapping[str, dict[str, Any]]) -> list[str]:
    """Easy, hard and many negatives of words, and of phrases by their number of words."""
    rows = [
        [f"{name}, {label}", str(result["clips"]), str(result["texts"]), *_cells(result)]
        for name, model in models.items()
        for label, result in _parts(model)
        if result["clips"]
    ]
    if not rows:
        return []
    heads = ["typed text, in %", "clips", "texts", "easy: EER", "easy: AUC", "hard: EER", "hard: AUC", "50 others: AP"]
    heads += ["a word changed: EER"]
    return [markdown(heads, rows)]


def _cells(result: dict[str, Any]) -> list[str]:
    cells = ("easy eer", "easy auc", "hard eer", "hard auc", "many ap", "changed eer")
    places = [cell.split() for cell in cells]
    return [result[kind][metric].percent() if kind in result else "-" for kind, metric in places]


def _parts(model: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    labels = {"all": "words", "known": "words of the vocabulary", "unknown": "words not of the vocabulary"}
    for part, label in labels.items():
        if part in model.get(WORDS, {}):
            yield label, model[WORDS][part]
    for length, result in model.get(PHRASES, {}).items():
        yield f"phrases of {length} words", result["all"]


def near_tables(models: Mapping[str, dict[str, Any]]) -> list[str]:
    """What phrases are set off by at their own thresholds."""
    found = {name: model["near"] for name, model in models.items() if "near" in model}
    heads = ["set off at its own threshold, in %, by", "phrases", "itself"]
    heads += ["one word changed", "its beginning alone", "its end alone"]
    rows = [
        [name, str(one["phrases"]), *(figure.percent() for figure in one["heard"].values())]
        for name, one in found.items()
    ]
    return [markdown(heads, rows)] if rows else []


def sentence_tables(models: Mapping[str, dict[str, Any]]) -> list[str]:
    """A typed word in sentences, by corpus, and by who speaks."""
    rows = [
        [f"{name}, {place}", str(result["sentences"]), *(result[metric].percent() for metric in ("ap", "eer"))]
        for name, model in models.items()
        for corpus, whole in model.get("sentences", {}).items()
        for place, result in {corpus: whole, **{f"{corpus}, {k}": v for k, v in whole["errors"].items()}}.items()
    ]
    return [markdown(["a typed word in a sentence, of 301, in %", "sentences", "AP", "EER"], rows)] if rows else []


def alarm_tables(models: Mapping[str, dict[str, Any]]) -> list[str]:
    """False alarms at a model's own thresholds, and how they are spread over keywords."""
    rows = [
        [f"{name}, {kind}", f"{result['hours']:.2f}", str(result["keywords"]), result["rate"].number()]
        + [str(result[how]) for how in ("fewer", "near", "more")]
        for name, model in models.items()
        for kind, result in model.get("alarms", {}).items()
    ]
    heads = ["false alarms at its own thresholds", "hours", "keywords", "of a keyword/h", "keywords below 0.2"]
    return [markdown([*heads, "0.2 to 1.0", "above"], rows)] if rows else []


def steadiness_tables(models: Mapping[str, dict[str, Any]]) -> list[str]:
    """How far a score moves by what it should not depend on."""
    rows = [
        [name, str(found["recordings"])]
        + [f"{found[by][how]:.2g}" for by in ("silence", "blocks") for how in ("median", "largest")]
        for name, model in models.items()
        if (found := model.get("steadiness"))
    ]
    heads = ["a score moves", "recordings", "by silence before: median", "largest", "by sizes of blocks: median"]
    return [markdown([*heads, "largest"], rows)] if rows else []


def wake_tables(models: Mapping[str, dict[str, Any]]) -> list[str]:
    """Misses of wake words by each spotter in each condition, and by keyword at the lowest rate of false alarms."""
    found = [
        (f"{name}, {condition}", result)
        for name, model in models.items()
        for condition, result in model.get("wake", {}).items()
    ]
    if not found:
        return []
    one = found[0][1]
    rates, keywords = list(one["miss_at"]), one["by_keyword"]
    heads = ["wake words missed, in %", "hours", "spoken", *(f"at {rate}/h" for rate in rates)]
    heads += [f"at {rates[0]}/h, of all recordings"]
    heads += ["at its own threshold", "false alarms of a keyword/h"]
    rows = [
        [name, f"{result['hours']:.2f}", str(sum(own["spoken"] for own in result["by_keyword"].values()))]
        + [result["miss_at"][rate].percent() for rate in rates]
        + [result["recordings_miss_at"][rates[0]].percent()]
        + [f"{100 * result['own_threshold']['miss']:.1f}", f"{result['own_threshold']['fa_per_hour']:.2f}"]
        for name, result in found
    ]
    each = [
        [name, *(result["by_keyword"][k]["miss_at"][rates[0]].percent() for k in keywords)] for name, result in found
    ]
    spoken = [f"{keyword} ({own['spoken']})" for keyword, own in keywords.items()]
    return [markdown(heads, rows), markdown([f"missed at {rates[0]}/h, in %", *spoken], each)]


def error_tables(models: Mapping[str, dict[str, Any]]) -> list[str]:
    """Where the models err: groups of clips in rows, models in columns."""
    tables = []
    for part, cell in (("digits", _digit_cell), (WORDS, _word_cell)):
        found = {name: result[part]["errors"] for name, result in models.items() if part in result}
        if not found:
            continue
        one = next(iter(found.values()))
        rows = [
            [f"{kind}: {group}", str(result["clips"]), *(cell(errors[kind][group]) for errors in found.values())]
            for kind in ("phonemes", "initial", "rate")
            for group, result in one[kind].items()
        ]
        unit = "top 1" if part == "digits" else "hard EER; easy EER; AP of 50 others"
        tables.append(markdown([f"{part}, {unit}, in %", "clips", *found], rows))
    spreads = [
        [f"{name}, {kind}", str(spread["speakers"]), *(f"{100 * spread[at]:.1f}" for at in SPREAD)]
        for name, result in models.items()
        if WORDS in result
        for kind, spread in result[WORDS]["errors"]["speaker"].items()
    ]
    if spreads:
        tables.append(markdown([f"{WORDS}, errors of a speaker in %", "speakers", *SPREAD], spreads))
    return tables


SPREAD = ("best", "quarter", "median", "three quarters", "worst")


def _digit_cell(result: dict[str, Any]) -> str:
    return result["top1"].percent()


def _word_cell(result: dict[str, Any]) -> str:
    return "; ".join(result[kind][m].percent() for kind, m in (("hard", "eer"), ("easy", "eer"), ("many", "ap")))


def comparison_tables(models: Mapping[str, dict[str, Any]]) -> list[str]:
    """The first model less each other one."""
    tables = []
    for name, found in comparisons(models).items():
        rows = [[place, result.percent(), f"{100 * above_zero(result):.0f}"] for place, result in found.items()]
        heads = [f"{next(iter(models))} less {name}", "difference in % points", "above 0 in % of resamples"]
        tables.append(markdown(heads, rows))
    return tables

"""What pruning gained over its base rule and its controls, in words, and the figures of an evaluation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..evaluate.tables import Reading, reading
from .charts import picture
from .evaluation import SHORT, Evaluation
from .numbers import count, number, signed
from .sentences import join

AGAINST = {"base": "its base rule", "gini": "its base rule cut to the same Gini index"}
BETTER, WORSE, OPEN = "better", "worse", "not told apart"
FIGURES = {"trade": "Sparsity against faithfulness", "curves": "Deletion and insertion curves",
           "sweep": "Measures against the pruned share", "differences": "Differences to base rule and controls"}  # fmt: skip
MOST_FIGURES = 600_000  # bytes of pictures on the page; others are linked


@dataclass(frozen=True)
class Difference:
    """One pruned method on one measure: its value, and paired differences (pruned less other) with a verdict each."""

    measure: str
    own: Reading
    others: dict[str, tuple[Reading, Reading, str]]  # base, gini -> (its value, difference, verdict)


def differences(evaluation: Evaluation, row: dict[str, Any]) -> list[Difference]:
    """A pruned row on each judged measure that its differences hold."""
    values = {other["method"]: other["values"] for other in evaluation.rows}
    found = []
    for measure in evaluation.judged:
        better = evaluation.summary["measures"][measure]["better"]
        others = {}
        for against in AGAINST:
            theirs = values.get(row["base"]) if against == "base" else row["controls"].get(against)
            difference = reading(row["differences"].get(against), measure)
            if not math.isnan(difference.mean):
                others[against] = (reading(theirs, measure), difference, verdict(difference, better))
        if others:
            found.append(Difference(measure, reading(row["values"], measure), others))
    return found


def verdict(difference: Reading, better: str) -> str:
    """By the interval of a paired difference: on which side of zero it lies, or that it holds zero."""
    if math.isnan(difference.low) or difference.low <= 0 <= difference.high:
        return OPEN
    return BETTER if (difference.low > 0) == (better == "higher") else WORSE


def verdict_sentences(evaluation: Evaluation) -> dict[str, str]:
    """ "base", "gini" -> on how many pruned settings each measure is better, worse or not told apart; {} without any."""
    settings = [differences(evaluation, row) for row in evaluation.pruned]
    found = {}
    for against, what in AGAINST.items():
        said = []
        for measure in evaluation.judged:
            ends = [
                d.others[against][2] for one in settings for d in one if d.measure == measure and against in d.others
            ]
            if ends:
                parts = [f"{end} in {count(ends.count(end))}" for end in (BETTER, WORSE, OPEN) if end in ends]
                said.append(f"{SHORT[measure]} is {join(parts)}")
        if said:
            several = "the one pruned setting" if len(settings) == 1 else f"the {count(len(settings))} pruned settings"
            found[against] = f"Against {what}, over {several}: {'; '.join(said)}."
    return found


def row_sentence(evaluation: Evaluation, row: dict[str, Any], against: str) -> str:
    """One pruned method in words, such as 'Against its base rule: better in RMA (+0.124); worse in ISM (-0.175).'"""
    by_end: dict[str, list[str]] = {BETTER: [], WORSE: [], OPEN: []}
    for d in differences(evaluation, row):
        if against in d.others:
            _, difference, end = d.others[against]
            by_end[end].append(SHORT[d.measure] + ("" if end == OPEN else f" ({signed(difference.mean)})"))
    said = [f"{end} in {join(names)}" for end, names in by_end.items() if names]
    return f"Against {AGAINST[against]}: {'; '.join(said)}." if said else ""


def pictures(evaluation: Evaluation) -> list[tuple[Path, Markup]]:
    """(file, <img> with the picture inside) of the figures, as far as they fit on a page."""
    found, room = [], MOST_FIGURES
    for path in evaluation.figures:
        image = picture(path, picture_text(evaluation, path), most=room)
        if image is not None:
            room -= len(image)
            found.append((path, image))
    return found


def picture_title(path: Path) -> str:
    kind, _, rest = path.stem.partition("_")
    return FIGURES.get(kind, path.stem) + (f": {rest}" if rest else "")


def picture_text(evaluation: Evaluation, path: Path, most: int = 8) -> str:
    """What a picture shows, with the numbers of the leading measure."""
    measure = next(iter(evaluation.judged), next(iter(evaluation.summary["measures"]), None))
    rows = [row for row in evaluation.rows if not math.isnan(reading(row["values"], measure or "").mean)][:most]
    values = [f"{row['method']} {number(reading(row['values'], measure or '').mean)}" for row in rows]
    said = f" {SHORT.get(measure or '', measure)}: {join(values)}." if values else ""
    return f"{picture_title(path)}.{said} The tables hold all numbers."

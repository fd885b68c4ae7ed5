"""Sentences of the report's sections that are made from numbers."""

from __future__ import annotations

from .ledger import Ledger
from .loci import ClassRelevance
from .numbers import NARROW, count, number, offset, share

CLOSES = 1e-3  # a ledger gap up to this share of the score counts as closed


def peak_sentence(c: ClassRelevance, most: int = 3) -> str | None:
    """Where the mean relevance of a class is largest: its top positions, each with the letter that carries it."""
    if c.mean is None or not c.mean.any():
        return None
    per_position = c.mean.sum(0)
    top = sorted(int(i) for i in (-per_position).argsort(kind="stable")[:most] if per_position[i] > 0)
    if not top:
        return None
    places = [f"{'ACGT'[int(c.mean[:, i].argmax())]} at {offset(i, c.mean.shape[1])}" for i in top]
    return f"The {c.name} score rests most on {join(places)} (from the middle of the window, 5\u2032\u21923\u2032)."


def ledger_sentences(ledger: Ledger) -> list[str]:
    """What the ledger says: where the score went, what pruning did, how far the account closes."""
    part = "test" if ledger.split == "test" else "explained"
    where = "absorbed" if ledger.bias >= 0 else "added"
    bases, bias = _part(ledger.relevance, ledger.score), _part(abs(ledger.bias), ledger.score)
    first = (
        f"Over {count(ledger.sites)} {part} sites the mean score (logit of the site\u2019s own class) is "
        f"{number(ledger.score)}. {number(ledger.relevance)}{bases} of relevance arrives on bases; the layers\u2019 "
        f"biases {where} {number(abs(ledger.bias))}{bias} and the epsilon stabiliser took {number(ledger.epsilon)}."
    )
    lost = (
        f" {number(ledger.stranded)} arrived at units that were exactly zero and could not be handed on."
        if ledger.stranded
        else ""
    )
    second = (
        f"Pruning dropped {share(ledger.dropped)} of the relevance mass at the inputs of the pruned layers and handed "
        "it to the stronger inputs of the same sign, so it changes where relevance lies but no layer\u2019s sum."
        if ledger.dropped
        else "Nothing was pruned: this is the base rule."
    )
    verdict = "closes" if ledger.gap <= CLOSES else "does not close"
    third = (
        f"The account {verdict}: the median site misses {number(ledger.gap_median, 2)} of its score, "
        f"the worst {number(ledger.gap, 2)}."
    )
    return [first + lost, second, third]


def _part(value: float, whole: float) -> str:
    """' (64 %)' where a share of the whole makes sense, else nothing."""
    return f" ({share(value / whole)})" if whole > 0 and 0 <= value <= whole else ""


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """A note as a sentence: capital first letter, full stop at the end."""
    return capital(text) + ("" if text.endswith((".", "!", "?")) else ".")


def join(parts: list[str]) -> str:
    """['a', 'b', 'c'] -> 'a, b and c'."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def dropped_sentence(dropped: dict[str, int]) -> str:
    """Why windows were left out, from the summary of `lrpgen windows`."""
    some = [f"{count(n)} {reason}" for reason, n in dropped.items() if n]
    return f"Windows left out: {join(some)}." if some else "No window was left out."


def split_sentence(split: dict) -> str:
    """How train, validation and test were told apart."""
    kind = split.get("kind")
    if kind == "position" and "test_start" in split:
        return (
            f"Split by position: train up to {count(split.get('validation_start'))}{NARROW}bp, validation from there "
            f"to {count(split['test_start'])}{NARROW}bp, test beyond. Windows across a boundary are left out, "
            "so no base is shared between parts."
        )
    if kind == "random":
        return "Split at random; identical and overlapping windows stay in one part."
    return f"Split: {kind or 'not recorded'}."


def ambiguous_sentence(bases: int, windows: int | None) -> str:
    """How many letters other than A, C, G and T were met."""
    if not bases:
        return "No ambiguous base was met."
    where = f" in {count(windows)} windows" if windows is not None else ""
    return f"{count(bases)} ambiguous bases{where} (N and other IUPAC codes are empty columns to the model)."

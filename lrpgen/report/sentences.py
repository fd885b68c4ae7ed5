"""Sentences of the report's sections that are made from numbers."""

from __future__ import annotations

from ..sequences.splice import DINUCLEOTIDE
from .collect import Windows
from .instances import Instances
from .ledger import Ledger
from .loci import ClassRelevance
from .numbers import NARROW, count, number, offset, percent, share, signed
from .patterns import Pattern
from .setting import Setting

EACH = "the site\u2019s"
BACKGROUND = ("decoy", "negative")  # classes that are there to be told apart from, not to be found
CLOSES = 1e-3  # a ledger gap up to this share of the score counts as closed


def peak_sentence(c: ClassRelevance, most: int = 3) -> str | None:
    """Where the mean relevance of a class is largest: its top positions, each with the letter that carries it."""
    if c.mean is None or not c.mean.any():
        return None
    per_position = c.mean.sum(0)
    top = sorted(int(i) for i in (-per_position).argsort(kind="stable")[:most] if per_position[i] > 0)
    if not top:
        return None
    places = [f"{'ACGT'[int(c.mean[:, i].argmax())]} at {offset(i, c.origin.index)}" for i in top]
    return f"The {c.name} score rests most on {join(places)} (from {c.origin.what}, 5\u2032\u21923\u2032)."


def strongest_sentence(c: ClassRelevance, members: int) -> str:
    """The largest mean relevance of a class and, for an ensemble, how far its models agree there."""
    if c.mean is None:
        return ""
    at = int(c.mean.sum(0).argmax())
    value = signed(float(c.mean[:, at].sum()))
    if c.spread is None:
        return f"Strongest position: mean relevance {value}."
    return (
        f"Strongest position: mean relevance {value} \u00b1 {number(float(c.spread[at]), 2)} (standard deviation between "
        f"the {members} models, mean over sites)."
    )


def effect_sentence(instances: Instances, target: str, run: Setting) -> str:
    """How many windows of a class have a seqlet of a pattern, and what they score beside those without."""
    if not instances.windows:
        return ""
    having = f"{share(instances.windows / instances.of)} of the {count(instances.of)} {target} windows have one"
    if instances.score is None or instances.score_without is None:
        return f"{having}."
    return (
        f"{having}; their mean score ({run.score}) is {number(instances.score)}, that of the others "
        f"{number(instances.score_without)}."
    )


def likeness_sentence(pattern: Pattern, library: str) -> str:
    """What a pattern without a name comes nearest to; empty where it has one or nothing was compared."""
    matches, similarity = str(pattern.row.get("matches") or ""), pattern.row.get("similarity")
    if pattern.known_as or not matches:
        return ""
    alike = f" (similarity of the logos {number(similarity, 2)})" if similarity is not None else ""
    return f"No known motif of {library or 'the library'} passes; nearest {matches.split(';')[0].strip()}{alike}."


def ledger_sentences(ledger: Ledger, run: Setting) -> list[str]:
    """What the ledger says: where the score went, what pruning did, how far the account closes."""
    part = "test" if ledger.split == "test" and run.parts else "explained"
    where = "absorbed" if ledger.bias >= 0 else "added"
    bases, bias = _part(ledger.relevance, ledger.score), _part(abs(ledger.bias), ledger.score)
    first = (
        f"Over {count(ledger.sites)} {part} sites the mean score ({run.score} of {run.whose(EACH)}) is "
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


# Reasons of `lrpgen windows` that do not read on from a number.
REASONS = {
    "contig shorter than the width": "on contigs shorter than a window",
    "donor and acceptor at once": "that are donor and acceptor at once",
    "region given twice": "given twice",
    "same sequence in another part": "whose sequence is also in a later part",
    "similar sequence in another part": "with a similar sequence in a later part",
    "negative equal to a positive": "negatives that equal a positive",
    "too many ambiguous bases": "with too many ambiguous bases",
}


def dropped_sentence(dropped: dict[str, int]) -> str:
    """Why windows were left out, from the summary of `lrpgen windows`."""
    some = [f"{count(n)} {REASONS.get(reason, reason)}" for reason, n in dropped.items() if n]
    return f"Windows left out: {join(some)}." if some else "No window was left out."


def split_sentence(split: dict) -> str:
    """How train, validation and test were told apart."""
    kind, more = split.get("kind"), ""
    if (similarity := split.get("similarity")) is not None:
        more = f" No two parts hold windows whose 12-mers have a Jaccard index of {similarity:g} or more."
    if kind == "position" and "test_start" in split:
        return (
            f"Split by position: train up to {count(split.get('validation_start'))}{NARROW}bp, validation from there "
            f"to {count(split['test_start'])}{NARROW}bp, test beyond. Windows across a boundary are left out, "
            f"so no base is shared between parts.{more}"
        )
    if kind == "contig":
        return (
            f"Split by contig: {names(split.get('validation', []))} for validation, {names(split.get('test', []))} for "
            f"test, all others for training.{more}"
        )
    if kind == "file":
        return f"Split as the file {split.get('file', '(not recorded)')} says.{more}"
    if kind in ("random", "fraction"):
        shares = ""
        if "test_fraction" in split:
            shares = f" ({percent(split['validation_fraction'])} validation, {percent(split['test_fraction'])} test)"
        return f"Split at random{shares}; identical and overlapping windows stay in one part.{more}"
    if kind == "none":
        return "Not split: every window is measured."
    return f"Split: {kind or 'not recorded'}.{more}"


def negatives_sentence(windows: Windows) -> str:
    """What the positives are told from; empty where windows have labels or values of their own."""
    s, background = windows.summary, windows.classes[-1]
    if windows.task != "classes" or background not in BACKGROUND:
        return ""
    got = sum(part.get(background, 0) for part in s.get("counts", {}).values())
    if windows.source == "splice-sites":
        pairs = [pair for kind, pair in DINUCLEOTIDE.items() if kind in windows.classes]
        what = f"{join(pairs)} dinucleotides that are no annotated site, placed in the window as sites are"
        wanted = "decoys"
    elif windows.negatives:
        what, wanted = f"those of {windows.negatives}", ""
    elif "negatives_wanted" in s:
        what, wanted = "stretches of the same genome without a region, of the same GC content", "negatives"
    else:
        what, wanted = "dinucleotide shuffles of the positives, in the same part", ""
    asked = s.get(f"{wanted}_wanted", got)
    fewer = f"; {count(got)} of the {count(asked)} that were wanted could be drawn" if got < asked else ""
    return f"{capital(background)} windows are {what}{fewer}."


def names(items: list[str], most: int = 8) -> str:
    """A list of names in words; of many, the first ones and how many more there are."""
    return join(items if len(items) <= most else [*items[: most - 1], f"{count(len(items) - most + 1)} more"])


def ambiguous_sentence(bases: int, windows: int | None) -> str:
    """How many letters other than A, C, G and T were met."""
    if not bases:
        return "No ambiguous base was met."
    where = f" in {count(windows)} windows" if windows is not None else ""
    return f"{count(bases)} ambiguous bases{where} (N and other IUPAC codes are empty columns to the model)."

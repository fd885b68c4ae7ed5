"""The key findings: words from numbers. Nothing here is written by hand for one data set."""

from __future__ import annotations

from dataclasses import dataclass

from .collect import Motifs, Pattern, Results
from .numbers import count, plain, score, share
from .parameters import pruned
from .sentences import CLOSES, capital, peak_sentence

BACKGROUND = ("decoy", "negative")  # classes that are there to be told apart from, not to be found
WEAK_AUROC = 0.8  # below this an explanation shows what a poor model looks at


@dataclass(frozen=True)
class Finding:
    """One sentence, the section that backs it, and whether it is a caution."""

    text: str
    section: str
    caution: bool = False


def findings(results: Results) -> list[Finding]:
    """The key findings, most important first."""
    return [*_quality(results), *_peaks(results), *_patterns(results), *_sparsity(results), *_cautions(results)]


def foreground(results: Results) -> list[str]:
    """Classes worth a sentence: those that were explained, background classes last out."""
    if results.explained:
        names = [c.name for c in results.explained.classes]
    elif results.metrics:
        names = list(results.metrics.get("splits", {}).get("test", {}).get("classes", {}))
    else:
        names = results.windows.classes if results.windows else []
    return [name for name in names if name not in BACKGROUND] or names


def _test_classes(results: Results) -> dict[str, dict]:
    splits = (results.metrics or {}).get("splits", {})
    return splits.get("test", {}).get("classes", {})


def _quality(results: Results) -> list[Finding]:
    found = []
    for name in foreground(results):
        m = _test_classes(results).get(name)
        if m and m.get("auroc") is not None:
            text = (
                f"{capital(name)} on the held-out test part: AUROC {score(m['auroc'])}, average precision "
                f"{score(m['average_precision'], 2)} (base rate {score(m['base_rate'], 2)}; "
                f"{count(m['positives'])} positives)."
            )
            found.append(Finding(text, "quality"))
    return found


def _peaks(results: Results) -> list[Finding]:
    found = []
    for c in results.explained.classes if results.explained else []:
        if c.name in foreground(results) and (text := peak_sentence(c)):
            found.append(Finding(text, "logos"))
    return found


def _patterns(results: Results) -> list[Finding]:
    found = []
    for motifs in results.motifs:
        if motifs.target not in foreground(results):
            continue
        top = top_pattern(motifs)
        text = (
            f"Top pattern of {motifs.target}: {top.consensus}, from {count(top.seqlets)} seqlets."
            if top
            else f"No positive pattern of {motifs.target} was found{f': {motifs.notes[0]}' if motifs.notes else ''}."
        )
        found.append(Finding(text, "logos"))
    return found


def top_pattern(motifs: Motifs) -> Pattern | None:
    """The positive pattern with the most seqlets."""
    positive = [p for p in motifs.patterns if p.sign == "positive"]
    return max(positive, key=lambda p: p.seqlets, default=None)


def _sparsity(results: Results) -> list[Finding]:
    e = results.explained
    if e is None:
        return []
    zeros, where = (
        (e.zero_share_test, f"the {count(e.sites_test)} explained test sites")
        if e.zero_share_test is not None
        else (e.zero_share, f"all {count(e.sites)} explained sites (none lies in the test part)")
    )
    what = "PLRP" if pruned(results) else "LRP"
    text = (
        f"Over {where}, {what} left {share(zeros)} of bases at exactly zero; half of a site\u2019s relevance lies on "
        f"{plain(e.half)} of its {count(e.width)} bases (median)."
    )
    return [Finding(text, "ledger")]


def _cautions(results: Results) -> list[Finding]:
    found = []
    for name in foreground(results):
        auroc = _test_classes(results).get(name, {}).get("auroc")
        if auroc is not None and auroc < WEAK_AUROC:
            text = f"The model separates {name} poorly (AUROC {score(auroc)}); read its relevance with that in mind."
            found.append(Finding(text, "quality", caution=True))
    explained = results.explained
    made_by = explained.attrs.get("model_sha256") if explained else None
    if made_by and results.model_sha256 and made_by != results.model_sha256:
        text = "The relevance was made with another model file than the one in this folder; explain again."
        found.append(Finding(text, "methods", caution=True))
    ledger = explained.ledger if explained else None
    if ledger and ledger.gap > CLOSES:
        text = f"The relevance ledger leaves up to {share(ledger.gap)} of a site\u2019s score unaccounted for."
        found.append(Finding(text, "ledger", caution=True))
    return found

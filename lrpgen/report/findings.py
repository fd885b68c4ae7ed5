"""The key findings: words from numbers. Nothing here is written by hand for one data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .collect import Results
from .images import ledger_sentence, quality_sentence
from .numbers import count, plain, score, share
from .parameters import pruned
from .patterns import Motifs, Pattern
from .quality import figure, interval, level, parts, rival, tested
from .sentences import BACKGROUND, CLOSES, peak_sentence
from .setting import other_models, setting
from .verdicts import verdict_sentences

WEAK_AUROC, WEAK_PEARSON = 0.8, 0.3  # below this an explanation shows what a poor model looks at
QUALITY_MOST = 4  # outputs with a finding of their own


@dataclass(frozen=True)
class Finding:
    """One sentence, the section that backs it, and whether it is a caution."""

    text: str
    section: str
    caution: bool = False


def findings(results: Results) -> list[Finding]:
    """The key findings, most important first."""
    return [
        *_quality(results),
        *_pictures(results),
        *_peaks(results),
        *_patterns(results),
        *_sparsity(results),
        *_evaluated(results),
        *_cautions(results),
    ]


def foreground(results: Results) -> list[str]:
    """Classes worth a sentence: those that were explained, background classes last out."""
    if results.explained:
        names = [c.name for c in results.explained.classes]
    else:
        names = list(tested(results)) or (results.windows.classes if results.windows else [])
    return [name for name in names if name not in BACKGROUND] or names


def _measured(results: Results) -> dict[str, dict[str, Any]]:
    """Figures of the foreground's outputs that there are; of all outputs where none of it was measured."""
    found = tested(results)
    named = {name: found[name] for name in foreground(results) if name in found}
    key = "pearson" if setting(results).task == "values" else "auroc"
    return {name: m for name, m in (named or found).items() if m.get(key) is not None}


def _quality(results: Results) -> list[Finding]:
    measured, run = _measured(results), setting(results)
    by = ", by a model trained elsewhere" if run.loaded else ""
    said = _values if run.task == "values" else _ranking
    found = [
        Finding(f"{run.heading(name)} on {run.on}{by}: {said(results, m)}", "quality")
        for name, m in list(measured.items())[:QUALITY_MOST]
    ]
    if len(measured) > QUALITY_MOST:
        found.append(Finding(f"{count(len(measured) - QUALITY_MOST)} more {run.nouns} were measured.", "quality"))
    return found


def _ranking(results: Results, m: dict[str, Any]) -> str:
    auroc, average = interval(m, "auroc"), interval(m, "average_precision", 2)
    return (
        f"AUROC {score(m['auroc'])}{f' ({level(results)} interval {auroc})' if auroc else ''}, average precision "
        f"{score(m['average_precision'], 2)} ({f'{average}; ' if average else ''}base rate {score(m['base_rate'], 2)}; "
        f"{count(m['positives'])} positives)."
    )


def _values(results: Results, m: dict[str, Any]) -> str:
    pearson, spearman = interval(m, "pearson"), interval(m, "spearman", 2)
    return (
        f"Pearson correlation {score(m['pearson'])}{f' ({level(results)} interval {pearson})' if pearson else ''}, "
        f"Spearman {score(m.get('spearman'), 2)}{f' ({spearman})' if spearman else ''}, mean squared error "
        f"{figure('mse', m.get('mse'))}, over {count(parts(results)['test']['windows'])} windows."
    )


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
    whole = f"all {count(e.sites)} explained sites"
    zeros, where = e.zero_share, whole
    if setting(results).parts:
        zeros, where = (
            (e.zero_share_test, f"the {count(e.sites_test)} explained test sites")
            if e.zero_share_test is not None
            else (e.zero_share, f"{whole} (none lies in the test part)")
        )
    what = "PLRP" if pruned(results) else "LRP"
    text = (
        f"Over {where}, {what} left {share(zeros)} of bases at exactly zero; half of a site\u2019s relevance lies on "
        f"{plain(e.half)} of its {count(e.width)} bases (median)."
    )
    return [Finding(text, "sparsity")]


def _pictures(results: Results) -> list[Finding]:
    if results.images is None:
        return []
    said = {"images": quality_sentence(results.images), "ledger": ledger_sentence(results.images)}
    return [Finding(text, section) for section, text in said.items() if text]


def _evaluated(results: Results) -> list[Finding]:
    """The verdict against the stricter control, or against the base rule where there is no control."""
    said = verdict_sentences(results.evaluation) if results.evaluation else {}
    text = said.get("gini") or said.get("base")
    return [Finding(f"Is pruning worth it? {text}", "evaluation")] if text else []


def _cautions(results: Results) -> list[Finding]:
    found = []
    for name, m in list(_measured(results).items())[:QUALITY_MOST]:
        said = (_weak(name, m), _beaten(results, name))
        found += [Finding(text, "quality", caution=True) for text in said if text]
    if other_models(results):
        text = "The relevance was made with another model file than the one in this folder; explain again."
        found.append(Finding(text, "methods", caution=True))
    explained = results.explained
    ledger = explained.ledger if explained else None
    if ledger and ledger.gap > CLOSES:
        text = f"The relevance ledger leaves up to {share(ledger.gap)} of a site\u2019s score unaccounted for."
        found.append(Finding(text, "ledger", caution=True))
    return found


def _weak(name: str, m: dict[str, Any]) -> str:
    if (auroc := m.get("auroc")) is not None and auroc < WEAK_AUROC:
        return f"The model separates {name} poorly (AUROC {score(auroc)}); read its relevance with that in mind."
    if (pearson := m.get("pearson")) is not None and pearson < WEAK_PEARSON:
        return f"The model predicts {name} poorly (Pearson {score(pearson)}); read its relevance with that in mind."
    return ""


def _beaten(results: Results, name: str) -> str:
    if (other := rival(results, name)) is None:
        return ""
    return (
        f"The model is not clearly better at {name} than a simple one: {other.figure} {other.own} against "
        f"{other.other} of the {other.baseline}; its relevance may show no more than that baseline knows."
    )

"""Templates with every value escaped; only figures drawn here and the pages' own style and scripts are trusted."""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from ..evaluate.tables import reading
from ..sequences.onehot import reverse_complement
from . import evaluation, figures, images, netpicture, network, numbers, places, quality, sentences, verdicts
from .charts import filter_logo, pattern_logo, picture, places_chart
from .loci import ClassRelevance

TEMPLATES = Path(__file__).parent / "templates"
DRAWINGS = (
    pattern_logo,
    filter_logo,
    picture,
    places_chart,
    figures.split_picture,
    figures.waterfall,
    figures.layers_chart,
    netpicture.network_picture,
)
WORDS = (
    sentences.ambiguous_sentence, sentences.dropped_sentence, sentences.ledger_sentences, sentences.negatives_sentence,
    sentences.peak_sentence, sentences.split_sentence, sentences.strongest_sentence, sentences.effect_sentence,
    sentences.likeness_sentence, quality.interval_sentence, quality.overall_sentence, verdicts.verdict_sentences,
    verdicts.row_sentence, verdicts.picture_title, network.path_rows, network.logos_of, images.quality_sentence,
    images.ledger_sentence, images.shown_rows, images.rows_of_layers, images.method_rows, images.ledger_of,
)  # fmt: skip


def environment() -> jinja2.Environment:
    """The templates' filters and functions."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("count", "share", "score", "number", "signed", "seconds", "percent", "plain", "size"):
        env.filters[name] = getattr(numbers, name)
    env.filters.update(
        names=sentences.names,
        sentence_list=sentences.join,
        sentence=sentences.sentence,
        capital=sentences.capital,
        reverse_complement=reverse_complement,
    )
    env.globals.update({function.__name__: function for function in (*DRAWINGS, *WORDS)})
    env.globals.update(
        mean_logo=mean_logo,
        reading=reading,
        cell=evaluation.cell,
        groups=evaluation.groups,
        differences=verdicts.differences,
        short=evaluation.SHORT,
        against=verdicts.AGAINST,
    )
    return env


def mean_logo(c: ClassRelevance) -> Markup:
    """Mean relevance of a class around its origin, with a ruler counted from there."""
    assert c.mean is not None
    part = places.shown(c.origin.index, c.mean.shape[1])
    matrix = c.mean[:, part]
    best = "".join(
        "ACGT"[int(i)] if column.any() else "." for i, column in zip(matrix.argmax(0), matrix.T, strict=True)
    )
    label = f"Mean relevance of {c.name}, {matrix.shape[1]} bases; strongest letter at each: {best}"
    return figures.logo(matrix, label, "mean", c.origin.index - part.start, tall=150)

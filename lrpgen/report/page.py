"""Render the page: one HTML file with its style, script, figures and data inside, and nothing fetched from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from .. import __version__
from ..errors import InputError
from ..files import write_text
from ..provenance import versions
from ..sequences.onehot import reverse_complement
from . import figures, numbers, places, quality, sentences
from .charts import class_styles, pattern_logo, quality_charts, training_charts
from .collect import SPLITS, Results, collect
from .findings import findings
from .loci import LOCUS_FIELDS, ClassRelevance
from .parameters import parameters, pruned, shares
from .references import references
from .setting import TASKS, setting

TEMPLATES = Path(__file__).parent / "templates"
MOST_BYTES = 1_400_000  # Snakemake's report viewer shows a blank page somewhat above this
# Tried in turn until the page fits: bytes of loci, pattern cards per sign and class.
DIETS = ((600_000, 6), (350_000, 6), (150_000, 3), (50_000, 1), (0, 0))


def write_report(
    results_dir: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    title: str | None = None,
    config: str | os.PathLike[str] | None = None,
) -> Path:
    """Write one self-contained HTML page about the results folder of one sample.

    Parameters
    ----------
    results_dir : folder with windows.h5, model.safetensors (and members/ of an ensemble), history.json, metrics.json,
        relevance.h5, tracks/, motifs/; only read. What is missing is left out with a sentence that says so.
    output : the page (.html); its links to the files are relative to it.
    title : heading; default: the folder's name.
    config : configuration file to show as it is.

    Returns the page's path. Raises `InputError` when the folder is none or a file in it is damaged, `OutputError` when
    the page cannot be written.
    """
    folder, output = Path(results_dir), Path(output)
    results = collect(folder, Path(config) if config else None)
    name = title or f"Relevance report: {folder.resolve().name}"
    for loci_bytes, cards in DIETS:
        html = render(results, output, name, loci_bytes, cards)
        if len(html.encode()) < MOST_BYTES:
            write_text(output, html)
            return output
    raise InputError(
        f"{folder}: the report stays above {numbers.size(MOST_BYTES)} even without loci and patterns "
        f"({len(results.windows.classes) if results.windows else 0} classes); report fewer classes at once"
    )


def render(results: Results, output: Path, title: str, loci_bytes: int, cards: int) -> str:
    """The page as text. `loci_bytes` limits the embedded loci, `cards` the pattern cards per sign and class."""
    loci = fitting(results.explained.loci if results.explained else [], loci_bytes)
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    base = output.resolve().parent

    def link(path: Path) -> str:
        return quote(os.path.relpath(path.resolve(), base).replace(os.sep, "/"))

    return environment().get_template("report.html.j2").render(
        r=results,
        run=setting(results),
        title=title,
        findings=findings(results),
        pruned=pruned(results),
        shares=shares(results),
        genome=results.windows is None or results.windows.source != "sequences",
        splits=SPLITS if setting(results).parts else (),
        tasks=TASKS,
        measured=quality.tested(results),
        styles=class_styles(results),
        training=training_charts(results.history),
        quality=quality_charts(results),
        quality_table=quality.table(results),
        quality_columns=quality.columns(setting(results).task),
        cards=cards,
        loci_shown=len(loci),
        data=embed(_data(results, loci)),
        references=references(results),
        parameters=parameters(results),
        versions=versions(),
        lrpgen_version=__version__,
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        link=link,
        relative=lambda path: path.relative_to(results.folder).as_posix(),
        file_size=file_size,
    )  # fmt: skip


def file_size(path: Path) -> str:
    """Size of a file, number of files of a folder."""
    if path.is_dir():
        return f"{numbers.count(sum(1 for _ in path.iterdir()))} files"
    return numbers.size(path.stat().st_size)


def environment() -> jinja2.Environment:
    """Templates with every value escaped; only figures drawn here and the page's own style and script are trusted."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("count", "share", "score", "number", "signed", "seconds", "percent", "plain"):
        env.filters[name] = getattr(numbers, name)
    env.filters.update(
        names=sentences.names,
        sentence_list=sentences.join,
        sentence=sentences.sentence,
        capital=sentences.capital,
        reverse_complement=reverse_complement,
    )
    env.globals.update(
        ambiguous_sentence=sentences.ambiguous_sentence,
        dropped_sentence=sentences.dropped_sentence,
        interval_sentence=quality.interval_sentence,
        ledger_sentences=sentences.ledger_sentences,
        negatives_sentence=sentences.negatives_sentence,
        overall_sentence=quality.overall_sentence,
        peak_sentence=sentences.peak_sentence,
        split_sentence=sentences.split_sentence,
        strongest_sentence=sentences.strongest_sentence,
        pattern_logo=pattern_logo,
        split_picture=figures.split_picture,
        waterfall=figures.waterfall,
        mean_logo=mean_logo,
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


def fitting(loci: list[list[Any]], most: int) -> list[list[Any]]:
    """The first loci whose JSON stays within `most` bytes."""
    used, kept = 0, []
    for row in loci:
        used += len(json.dumps(row)) + 1
        if used > most:
            break
        kept.append(row)
    return kept


def _data(results: Results, loci: list[list[Any]]) -> dict[str, Any]:
    source = results.windows.source if results.windows else ""
    return {
        "fields": LOCUS_FIELDS,
        "loci": loci,
        "genome": source != "sequences",
        "parts": setting(results).parts,
        "prediction": "probability" if setting(results).probabilities else "prediction",
        "from": "the splice boundary" if source == "splice-sites" else "the middle",
        "styles": class_styles(results),
    }


def embed(value: Any) -> Markup:
    """JSON for a <script type="application/json">: no character in it can end the element or start a tag."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))

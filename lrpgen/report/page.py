"""The report's folder: light pages with style, script and figures inside, and data files that are loaded on demand."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from .. import __version__
from ..errors import InputError
from ..files import atomic_dir
from ..provenance import versions
from . import data, numbers, quality
from .browser import write_browser
from .charts import class_styles, quality_charts, training_charts
from .collect import SPLITS, Results, collect
from .environment import TEMPLATES, environment
from .findings import findings
from .network import write_network
from .parameters import parameters, pruned, shares
from .patterns import Pattern
from .references import references
from .setting import TASKS, setting
from .verdicts import pictures

MOST_BYTES = 1_400_000  # Snakemake's report viewer shows a blank page somewhat above this
CARDS = (12, 6, 3, 1, 0)  # pattern cards per sign and class: tried in turn until the page fits
OURS = (data.FOLDER, "browser", "browser.html", ".snakemake_timestamp")  # beside pages, what a report's folder may hold


@dataclass(frozen=True)
class Page:
    """`holds`: ids of the sections it shows; `scripts` go into the page, joined."""

    file: str
    title: str
    template: str
    holds: tuple[str, ...]
    scripts: tuple[str, ...] = ("report.js",)


PAGES = (
    Page("index.html", "Overview", "overview", ("summary", "data", "model", "quality")),
    Page("motifs.html", "Motifs", "motifs", ("logos", "merged")),
    Page("loci.html", "Loci", "loci", ("loci",), ("report.js", "loading.js", "viewer.js", "loci.js")),
    Page("evaluation.html", "Evaluation", "evaluation", ("evaluation",)),
    Page("sparsity.html", "Sparsity", "sparsity", ("sparsity", "ledger")),
    Page("filters.html", "Filters", "filters", ("filters",)),
    Page("genome.html", "Genome", "genome", ("tracks", "hits", "enrichment")),
    Page("methods.html", "Methods", "methods", ("methods", "provenance", "runtimes", "files")),
)
# Of a run on images.
IMAGE_PAGES = (
    PAGES[0],
    Page("images.html", "Images", "images", ("images", "layers", "ledger")),
    *(page for page in PAGES if page.template in ("evaluation", "methods")),
)
NETWORK = Page(
    "network.html", "Network", "network", ("network", "selection"), ("report.js", "loading.js", "network.js")
)


def pages_of(results: Results) -> tuple[Page, ...]:
    """Those of DNA or of images; the network's page stands behind the filters or the images, where `lrpgen neurons` was run."""
    pages = IMAGE_PAGES if results.images else PAGES
    if results.network is None:
        return pages
    at = [page.template for page in pages].index("images" if results.images else "filters") + 1
    return (*pages[:at], NETWORK, *pages[at:])


def write_report(
    results_dir: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    title: str | None = None,
    config: str | os.PathLike[str] | None = None,
) -> Path:
    """Write the report about the results folder of one sample: a folder of pages that open from disk, offline.

    Parameters
    ----------
    results_dir : folder with windows.h5, model.safetensors (and members/ of an ensemble), history.json, metrics.json,
        relevance.h5, tracks/, motifs/, merged/, hits/, filters/, network/, enrichment/, evaluation/; only read. What is missing
        is left out with a sentence that says so.
    output : the first page (FOLDER/index.html). The other pages and their data lie beside it, the genome browser too
        where there are tracks: FOLDER is the report's own and is replaced as a whole. Links to the results are relative.
    title : heading; default: the folder's name.
    config : configuration file to show as it is.

    Returns the first page's path. Raises `InputError` when the results folder is none, a file in it is damaged or
    FOLDER holds anything that is not a report's, `OutputError` when the report cannot be written.
    """
    folder, output = Path(results_dir), Path(output)
    check_folder(output)
    results = collect(folder, Path(config) if config else None)
    name = title or f"Relevance report: {folder.resolve().name}"
    with atomic_dir(output.parent) as made:
        browsed = write_browser(folder, made, name) is not None
        for file, html in render(results, output, name, browsed):
            (made / file).write_text(html, encoding="utf-8")
        data.write_loci(results, made)
        if results.network is not None:
            write_network(results.network, made)
    return output


def check_folder(output: Path) -> None:
    """Raise `InputError` where writing the report would replace somebody's files."""
    if output.name != PAGES[0].file or not output.parent.name:
        raise InputError(f"{output}: a report's first page is called {PAGES[0].file}; give FOLDER/{PAGES[0].file}")
    if not output.parent.is_dir():
        return
    own = {*(page.file for page in (*PAGES, *IMAGE_PAGES, NETWORK)), *OURS}
    other = sorted(path.name for path in output.parent.iterdir() if path.name not in own)
    if other:
        raise InputError(
            f"{output.parent} holds {other[0]}, which is no part of a report; give the report a folder of its own, such as "
            f"{output.parent / 'report' / 'index.html'}"
        )


def render(results: Results, output: Path, title: str, browsed: bool) -> Iterator[tuple[str, str]]:
    """(file name, text) of each page; `browsed`: the genome browser lies beside them.

    Raises `InputError` for a page that cannot be made light enough.
    """
    pages = pages_of(results)
    names = {page.template: page.file for page in pages}
    shared = {**_shared(results, output, title, names), "browsed": browsed}
    for page in pages:
        for cards in CARDS:
            html = _render(page, {**shared, "cards": cards})
            if len(html.encode()) < MOST_BYTES:
                break
        else:
            raise InputError(
                f"{results.folder}: the page {page.file} stays above {numbers.size(MOST_BYTES)} even without pattern "
                f"cards ({len(results.windows.classes) if results.windows else 0} classes); report fewer at once"
            )
        yield page.file, html


def _render(page: Page, values: dict[str, Any]) -> str:
    script = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in page.scripts)
    return environment().get_template(f"{page.template}.html.j2").render(
        **values,
        page=page,
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )  # fmt: skip


def _shared(results: Results, output: Path, title: str, names: dict[str, str]) -> dict[str, Any]:
    """What templates are given, whichever page they are of."""
    pages = pages_of(results)
    where = {section: page.file for page in pages for section in page.holds}
    return {
        "r": results,
        "run": setting(results),
        "title": title,
        "pages": pages,
        "href": names,
        "section_page": where,
        "section_title": {section: page.title.lower() for page in pages for section in page.holds},
        "findings": findings(results),
        "pruned": pruned(results),
        "shares": shares(results),
        "genome": results.windows is None or results.windows.source != "sequences",
        "splits": SPLITS if setting(results).parts else (),
        "tasks": TASKS,
        "measured": quality.tested(results),
        "styles": class_styles(results),
        "training": training_charts(results.history),
        "quality": quality_charts(results),
        "quality_table": quality.table(results),
        "quality_columns": quality.columns(setting(results).task),
        "pictures": pictures(results.evaluation) if results.evaluation else [],
        "listed": {row[4] for row in results.explained.loci} if results.explained else set(),
        "own_pattern": _finder(results),
        "references": references(results),
        "parameters": parameters(results),
        "versions": versions(),
        "lrpgen_version": __version__,
        "style": Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        "link": _linker(output.resolve().parent),
        "relative": lambda path: path.relative_to(results.folder).as_posix(),
        "file_size": file_size,
    }


def _linker(base: Path) -> Callable[[Path], str]:
    return lambda path: quote(os.path.relpath(path.resolve(), base).replace(os.sep, "/"))


def _finder(results: Results) -> Callable[[str, str], Pattern | None]:
    """(class, name) -> the class's own pattern."""
    found = {(motifs.target, pattern.name): pattern for motifs in results.motifs for pattern in motifs.patterns}
    return lambda target, name: found.get((target, name))


def file_size(path: Path) -> str:
    """Size of a file, number of files of a folder."""
    if path.is_dir():
        return f"{numbers.count(sum(1 for _ in path.iterdir()))} files"
    return numbers.size(path.stat().st_size)

"""Windows from a source, checked and counted: what a model is trained and tested on.

Letters go through a spool on disk, so memory holds a few numbers of each window (see `make_windows`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..progress import progress, say
from .draft import Draft, finish
from .onehot import onehot_of
from .options import WindowOptions
from .sources import MAKERS
from .splits import PARTS
from .windowfile import NONE, STRANDS, WindowSet
from .writer import writing_windows

PROGRESS_FROM = 1_000_000  # windows; fewer are written before anybody wonders


def make_windows(options: WindowOptions, output: str | Path) -> dict[str, Any]:
    """Build the windows, write them to `output`, say how many there are, and return the summary.

    Memory: some 300 bytes per window while the parts are chosen (512 more with `similarity`) beside blocks of a fixed
    size; the letters, one byte per base, are in a file without a name beside `output` until they are written.
    """
    with _drafted(options, Path(output)) as draft:
        summary, attrs = _described(draft, options)
        columns = None if draft.targets is None else draft.targets.shape[1]
        total, width = len(draft.rows), draft.spool.width
        with writing_windows(output, attrs, draft.contigs, total, width, columns) as file, _advancing(total) as advance:
            for rows, codes, table in _blocks(draft):
                targets = None if draft.targets is None else draft.targets[rows]
                file.write(_columns(table), draft.name(table), onehot_of(codes), targets)
                advance(len(table))
    _tell(summary)
    return summary


def build_windows(options: WindowOptions) -> WindowSet:
    """Labelled windows with their part of the split, in memory.

    Raises `InputError` for files that cannot be used and when what is left cannot train and test a model: no windows,
    one class only, a part that is empty or lacks a class.
    """
    with _drafted(options, None) as draft:
        _, attrs = _described(draft, options)
        onehot = [onehot_of(codes) for _, codes, _ in _blocks(draft)]
        regions = pd.concat([_frame(draft, table) for _, _, table in _blocks(draft)], ignore_index=True)
        classes = attrs.pop("classes")
        return WindowSet(regions, np.concatenate(onehot), classes, attrs, draft.targets)


@contextlib.contextmanager
def _drafted(options: WindowOptions, output: Path | None) -> Iterator[Draft]:
    draft = MAKERS[options.source](options, output)
    with contextlib.closing(draft.spool):
        yield finish(draft, options)


def _blocks(draft: Draft) -> Iterator[tuple[slice, np.ndarray, pd.DataFrame]]:
    """(rows of the output, their codes, their part of the table), a block at a time."""
    at = 0
    for rows, codes in draft.spool.blocks(draft.rows):
        here = slice(at, at + len(rows))
        yield here, codes, draft.table.iloc[here]
        at += len(rows)


def _columns(table: pd.DataFrame) -> dict[str, np.ndarray]:
    names = {"contig": "chrom", "minus": "strand", "part": "split"}
    wanted = ("contig", "start", "end", "score", "minus", "label", "part")
    return {names.get(name, name): table[name].to_numpy() for name in wanted}


def _frame(draft: Draft, table: pd.DataFrame) -> pd.DataFrame:
    """The table in words, as `WindowFile.regions` gives it."""
    codes = _columns(table)
    return pd.DataFrame(
        {
            "chrom": np.array(draft.contigs[codes["chrom"]].tolist(), dtype=object),
            "start": codes["start"],
            "end": codes["end"],
            "name": np.array(draft.name(table), dtype=object),
            "score": codes["score"].astype(np.float32),
            "strand": np.array(STRANDS, dtype=object)[codes["strand"].astype(np.int8)],
            "label": np.array([*draft.classes, NONE], dtype=object)[codes["label"]],
            "split": np.array(PARTS, dtype=object)[codes["split"]],
        }
    )


def _described(draft: Draft, options: WindowOptions) -> tuple[dict[str, Any], dict[str, Any]]:
    """The summary, and the attributes of the file (which hold it)."""
    width, ambiguous = draft.spool.width, draft.spool.ambiguous()[draft.rows]
    label, part = draft.table["label"].to_numpy(), draft.table["part"].to_numpy()
    kinds = [*enumerate(draft.classes)] if draft.targets is None else [(-1, "windows")]
    summary: dict[str, Any] = {
        "source": options.source,
        "width": width,
        "counts": {
            name: {kind: int(((part == one) & (label == number)).sum()) for number, kind in kinds}
            for one, name in enumerate(PARTS)
        },
        "ambiguous_bases": int(ambiguous.sum()),
        "windows_with_ambiguous": int((ambiguous > 0).sum()),
        "dropped": {reason: count for reason, count in draft.dropped.items() if count},
        **draft.notes,
    }
    attrs = {"source": options.source, "width": width, "seed": options.seed, "summary": summary}
    attrs |= {"fasta": str(options.fasta), "bed": str(options.bed or ""), "task": options.task}
    attrs["classes"] = draft.classes
    if options.negatives is not None:
        attrs["negatives"] = str(options.negatives)
    if options.labels is not None:
        attrs["labels"] = str(options.labels)
    return summary, attrs


@contextlib.contextmanager
def _advancing(total: int) -> Iterator[Any]:
    if total < PROGRESS_FROM:
        yield lambda count: None
    else:
        with progress("writing windows", total, "windows") as advance:
            yield advance


def _tell(summary: dict[str, Any]) -> None:
    for part, counts in summary["counts"].items():
        say(f"{part}: " + ", ".join(f"{count:,} {label}" for label, count in counts.items()))
    for reason, count in summary["dropped"].items():
        say(f"left out, {reason}: {count:,}")
    if summary["ambiguous_bases"]:
        bases, rows = summary["ambiguous_bases"], summary["windows_with_ambiguous"]
        say(f"N and other ambiguity codes, read as zero columns: {bases:,} bases in {rows:,} windows")

"""Sequences of a FASTA: with negatives from a second FASTA or by shuffling, or with labels or values of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..choose import by_place, choose_split
from ..draft import UNLABELLED, Draft
from ..folds import name_folds
from ..labels import read_labels
from ..options import WindowOptions
from ..splits import NameSplit
from ..spool import Spool
from .records import append_records, first_length
from .region_names import RegionNames, name_keys
from .shuffled import CLASSES, NEGATIVE, POSITIVE, with_shuffles


def sequences(options: WindowOptions, output: Path | None) -> Draft:
    """One window per sequence. Each is a contig of its own: nothing overlaps, only sequence tells windows apart."""
    split = choose_split(options, [])
    spool = Spool(options.width or first_length(options.fasta), output)
    table, names = append_records(spool, options.fasta, options.width)
    if isinstance(split, NameSplit):
        assert options.split_file is not None
        table["part"] = name_folds(options.split_file, name_keys(names, options.fasta, "--split-file"))
    else:
        table["part"] = by_place(split).parts(*(table[name].to_numpy() for name in ("contig", "start", "end")))
    table["label"] = np.int16(UNLABELLED if options.labels else POSITIVE)
    draft = Draft(table, names, RegionNames(names, names), spool, list(CLASSES), split, overlaps=False)
    draft.notes["regions_in"] = len(table)
    if options.labels is not None:
        keys = name_keys(names, options.fasta, "--labels")
        draft.classes, draft.targets = read_labels(options.labels, keys, options.task, options.fasta)
        return draft
    draft.negative = NEGATIVE
    if options.negatives is None:
        with_shuffles(draft, options)
    else:
        _with_file(draft, options)
    return draft


def _with_file(draft: Draft, options: WindowOptions) -> None:
    """Add the user's own negatives."""
    assert options.negatives is not None
    added, names = append_records(draft.spool, options.negatives, options.width)
    place = by_place(draft.split)
    added["part"] = place.parts(*(added[name].to_numpy() for name in ("contig", "start", "end")))
    count = len(draft.contigs)
    added = added.assign(contig=(added["contig"] + count).astype(np.int32), source=added["source"] + count)
    draft.notes["regions_in"] += len(added)
    draft.table = pd.concat([draft.table, added.assign(label=np.int16(NEGATIVE))], ignore_index=True)
    draft.contigs = np.concatenate([draft.contigs, names])
    draft.name = RegionNames(draft.contigs, draft.contigs)

"""What later commands add to a results folder: hits, merged patterns, filters, enrichment, evaluation, benchmarks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

SEQLET = 6  # bases
MEASURES = {
    "rma": {"group": "truth", "better": "higher", "text": "share of the positive relevance in the mask (RMA)"},
    "gini": {"group": "sparsity", "better": None, "text": "Gini index of |relevance|"},
    "aopc_shuffles": {"group": "faithfulness", "better": "higher", "text": "fall of the score in deletion"},
}


def write(folder: Path, regions: pd.DataFrame, classes: list[str], origin: int) -> None:
    """All of it but the benchmarks; `origin`: index of base +1 of a window."""
    for target in classes:
        seqlets(folder, regions, target, origin)
    hits(folder)
    merged(folder)
    enrichment(folder)
    evaluation(folder)
    filters(folder, classes)


def seqlets(folder: Path, regions: pd.DataFrame, target: str, origin: int) -> None:
    """One seqlet of pos_0 in every second window of the class, its first base at +1; on either strand."""
    rows = []
    region: Any
    for i, region in enumerate(regions[regions["label"] == target][::2].itertuples()):
        first = region.start + origin if region.strand == "+" else region.end - origin - SEQLET
        rows.append([region.chrom, first, first + SEQLET, "pos_0", 500, region.strand, f"{2 + i / 100:.2f}", 0.001, "+",
                     region.name, 0.01])  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "motifs" / target / "seqlets.bed", sep="\t", header=False, index=False)


def hits(folder: Path) -> None:
    (folder / "hits").mkdir()
    for name, n in (("donor", 555), ("donor.genome", 77)):
        patterns = [{"pattern": "pos_0", "hits": n, "before_overlaps": 900, "min_score": 0.3}]
        (folder / "hits" / f"{name}.json").write_text(json.dumps({"hits": n, "patterns": patterns}))


def merged(folder: Path) -> None:
    (folder / "merged").mkdir()
    row = {"pattern": "pos_0", "sign": "+", "seqlets": 690, "length": 6, "consensus": "GTRAGT", "information_bits": 8.0,
           "mean_relevance": 0.3, "members": "donor/pos_0;acceptor/pos_0"}  # fmt: skip
    summary = {"folders": [{"name": "donor"}, {"name": "acceptor"}], "patterns": [row], "notes": []}
    (folder / "merged" / "summary.json").write_text(json.dumps(summary))


def filters(folder: Path, classes: list[str]) -> None:
    """Three filters; the second has the largest relevance, for the last class."""
    (folder / "filters").mkdir()
    pfm = np.full((3, 4, 5), 10.0)
    pfm[1, 2] = 400  # G everywhere
    with h5py.File(folder / "filters" / "filters.h5", "w") as file:
        file["pfm"] = pfm
    table: dict[str, Any] = {
        "filter": ["filter_00", "filter_01", "filter_02"], "sites": [10, 20, 30], "information_bits": [0.1, 7.25, 0.2],
        "consensus": ["NNNNN", "GGGGG", "NNNNN"], "share": [0.1, 0.7, 0.2], "nearest": ["filter_02", "", "filter_00"],
        "correlation": [0.91, 0.0, 0.91],
    }  # fmt: skip
    for name, values in zip(classes, ([0.01, -0.02, 0.03], [0.001, 0.55, 0.002]), strict=True):
        table |= {f"relevance.{name}": values, f"sd.{name}": [0.004] * 3, f"rank.{name}": [1, 2, 3]}
    pd.DataFrame(table).to_csv(folder / "filters" / "filters.tsv", sep="\t", index=False)
    summary = {"layer": "conv1", "filters": 3, "clusters": 2, "windows": dict.fromkeys(classes, 80),
               "background": dict.fromkeys("ACGT", 0.25), "notes": []}  # fmt: skip
    (folder / "filters" / "summary.json").write_text(json.dumps(summary))


def enrichment(folder: Path) -> None:
    (folder / "enrichment").mkdir()
    columns = "feature strand intervals bases known_bases sum mean overall expected sd z p q"
    rows = ["intron both 40 9000 8000 8 0.001 0.0011 0.0011 0.0001 0.2 0.8 0.8",
            "exon both 50 7000 6000 18 0.003 0.0011 0.0012 0.0001 4.5 0.002 0.004"]  # fmt: skip
    text = "\n".join("\t".join(line.split()) for line in (columns, *rows))
    (folder / "enrichment" / "donor.relevance.tsv").write_text(text + "\n")
    top = ["feature contig start end strand name known_bases sum mean rank", "exon chrFake 99 200 + GENE1 90 1 0.011 1"]
    text = "\n".join("\t".join(line.split()) for line in top)
    (folder / "enrichment" / "donor.relevance.features.tsv").write_text(text + "\n")


def entry(mean: float, spread: float = 0.01) -> dict[str, Any]:
    return {"mean": mean, "interval": [mean - spread, mean + spread], "inputs": 100, "nan": 0}


def evaluation(folder: Path) -> None:
    """Pruning: RMA 0.2 above the base and 0.05 below the Gini control; AOPC 0.001 below both, with 0 in the interval."""
    (folder / "evaluation").mkdir()

    def values(rma: float, gini: float, aopc: float) -> dict[str, Any]:
        return {"rma": entry(rma), "gini": entry(gini), "aopc_shuffles": entry(aopc)}

    base = {"method": "epsilon", "name": "epsilon", "composite": "epsilon", "share": None, "base": None,
            "values": values(0.3, 0.5, 2.0), "controls": {}, "differences": {}, "cost": None}  # fmt: skip
    pruned = {
        "method": "plrp-lambda:0.25:epsilon", "name": "plrp-lambda", "composite": "epsilon", "share": 0.25, "base": "epsilon",
        "values": values(0.5, 0.8, 1.999), "controls": {"gini": values(0.55, 0.8, 2.0)},
        "differences": {"base": values(0.2, 0.3, -0.001), "gini": values(-0.05, 0.0, -0.001)},
        "cost": {"seconds": 0.5, "ratio": 2.5, "peak_mb": 30.0},
    }  # fmt: skip
    setting = {"inputs": 100, "split": "test", "classes": ["donor"], "truth": "sites", "truth_share": 0.05, "seed": 1,
               "timed_inputs": 32, "device": "cpu", "model_sha256": []}  # fmt: skip
    summary = {"format": "lrpgen-evaluation", "version": 1, "setting": setting, "measures": MEASURES,
               "rows": [base, pruned], "curves": {}}  # fmt: skip
    (folder / "evaluation" / "summary.json").write_text(json.dumps(summary))
    picture = "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'><rect width='40' height='20'/></svg>"
    (folder / "evaluation" / "trade.svg").write_text(picture)


def benchmarks(folder: Path) -> None:
    """Beside the folder of all results, where the workflow writes them."""
    there = folder.parent.parent / "benchmark_runs" / folder.name
    there.mkdir(parents=True)
    head = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    (there / "train.tsv").write_text(head + "75.5\t0:01:15\t512.00\t1\t1\t1\t0\t0\t99\t70.2\n")
    (there / "windows.tsv").write_text(head + "0.5\t0:00:00\t-\t-\t-\t-\t-\t-\t-\t-\n")
    (there / "report.tsv").write_text(head + "3.5\t0:00:03\t-\t-\t-\t-\t-\t-\t-\t-\n")

"""What an installation can and cannot do, as text."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from .provenance import versions

FEATURES = {  # module -> (what needs it, how to get it)
    "memelite": ("names of patterns (lrpgen motifs --names)", "pip install 'lrpgen[motifs]'"),
    "modiscolite": (
        "the other grouping of seqlets (lrpgen motifs --grouping modisco)",
        "pip install 'lrpgen[modisco]'",
    ),
    "snakemake": ("the workflow", "pip install snakemake"),
    "snakemake_executor_plugin_slurm": ("the workflow on SLURM", "pip install 'lrpgen[slurm]'"),
    "onnx2torch": ("ONNX models", "pip install 'lrpgen[onnx]' && pip install --no-deps onnx2torch"),
    "captum": ("comparison with other methods", "pip install 'lrpgen[compare]'"),
}


def examine(folder: Path = Path()) -> str:
    """Report on versions, device, threads, free disk at `folder` and missing features, one fact a line."""
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    threads = len(os.sched_getaffinity(0))
    free = shutil.disk_usage(folder).free / 2**30
    lines = [f"{name:14} {version or 'not installed'}" for name, version in versions().items()]
    lines += [
        f"{'device':14} {'GPU: ' + ', '.join(gpus) if gpus else 'CPU (torch sees no GPU)'}",
        f"{'threads':14} {threads}",
        f"{'free disk':14} {free:.1f} GiB at {folder.resolve()}",
    ]
    missing = [
        f"missing        {module}: needed for {what}; {how}"
        for module, (what, how) in FEATURES.items()
        if importlib.util.find_spec(module) is None
    ]
    return "\n".join(lines + (missing or ["everything optional is installed"]))

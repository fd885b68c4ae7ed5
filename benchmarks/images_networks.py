"""Networks for images, measured; writes benchmarks/images_networks.json.

    python benchmarks/images_networks.py train /usr/share/datasets/fashion-mnist   (Debian package dataset-fashion-mnist)
    python benchmarks/images_networks.py explain

`train`: test accuracy of simple-cnn on the 10,000 test images of Fashion-MNIST after training on 54,000 of the 60,000
others. `explain`: seconds, peak memory and the ledger's error for one image of 224 x 224 (simple-cnn: 28 x 28), every network
at full size with random weights, each in a process of its own. Each part keeps what the other has written.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lrpgen.files import write_json
from lrpgen.images.imagefile import ImageSet, write_images
from lrpgen.images.nets import NETS, build
from lrpgen.images.train import train
from lrpgen.lrp import Prune, explain
from lrpgen.lrp.explain import as_graph
from lrpgen.models.training import Training
from lrpgen.provenance import versions

OUTPUT = Path(__file__).with_suffix(".json")
SEED, EPOCHS, HELD_OUT = 1, 5, 0.1  # HELD_OUT: share of the train images that chooses the epoch
CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
RULES: dict[str, dict[str, Any]] = {
    "epsilon_plus": {"composite": "epsilon_plus"},
    "epsilon_plus, PLRP lambda": {"composite": "epsilon_plus", "prune": Prune()},
    "epsilon, PLRP matrix": {"composite": "epsilon", "prune": Prune(redistribute="matrix")},
    "alpha2_beta1_flat": {"composite": "alpha2_beta1_flat"},
    "epsilon_gamma_box": {"composite": "epsilon_gamma_box,first=zbox(-2.2,2.7)"},  # wide enough for ImageNet's pixels
    "relative": {"composite": "relative"},
}


def read_idx(path: Path, header: int) -> np.ndarray:
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


def fashion(folder: Path) -> ImageSet:
    """Train, validation and test images of the folder's four IDX files."""
    pixels, labels = (
        np.concatenate([read_idx(folder / f"{part}-{what}.gz", header) for part in ("train", "t10k")])
        for what, header in (("images-idx3-ubyte", 16), ("labels-idx1-ubyte", 8))
    )
    split = np.full(len(labels), 2)
    split[: len(labels) - 10_000] = np.random.default_rng(SEED).random(len(labels) - 10_000) < HELD_OUT
    names = [str(number) for number in range(len(labels))]
    return ImageSet(pixels.reshape(-1, 1, 28, 28), labels, split, CLASSES, names, source="Fashion-MNIST")


def measure_training(folder: Path, threads: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        images = Path(place) / "images.h5"
        write_images(images, fashion(folder))
        options = Training(architecture="simple-cnn", epochs=EPOCHS, seed=SEED, threads=threads)
        wall, cpu = time.monotonic(), time.process_time()
        history = train(images, Path(place) / "model.safetensors", options)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    found = {"network": "simple-cnn", "epochs": EPOCHS, "threads": threads, "load_before": os.getloadavg()[2]}
    return found | {"cpu_seconds": round(cpu, 1), "wall_seconds": round(wall, 1), **history["test"]}


def measure_one(name: str) -> dict[str, Any]:
    """One network in this process: seconds of `explain` for one image by rule, and the process's peak memory."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    side = NETS[name].size
    x = torch.randn(1, 1 if side < 224 else 3, side, side)
    model = build(name, channels=x.shape[1]).eval()
    wall = time.monotonic()
    graph = as_graph(model, x)
    found: dict[str, Any] = {"side": side, "parameters": sum(p.numel() for p in model.parameters())}
    found["capture_seconds"] = round(time.monotonic() - wall, 2)
    for rule, how in RULES.items():
        wall, cpu = time.monotonic(), time.process_time()
        made = explain(graph, x, target=0, **how)
        found[rule] = {
            "wall_seconds": round(time.monotonic() - wall, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "ledger_error": ledger_error(made),
        }
    # Of the whole process: Python, torch, the weights and the explanation.
    found["peak_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2)
    return found


def ledger_error(made: Any) -> float:
    """Greatest |arrived - (handed down + absorbed + stranded + scaled)| of a layer, relative to its relevance mass."""
    table = made.ledger
    gap = table["sum_in"] - table["sum_out"] - table["absorbed"] - table["stranded"] - table["scaled"]
    return float(f"{(gap.abs() / table['mass'].clip(lower=1e-30)).max():.2g}")


def measure_explaining() -> dict[str, Any]:
    found = {}
    for name in NETS:
        lines = subprocess.run([sys.executable, __file__, "one", name], check=True, capture_output=True, text=True)
        found[name] = json.loads(lines.stdout.splitlines()[-1])
        print(name, found[name], flush=True)
    return {"threads": 1, "load": os.getloadavg()[2], "networks": found}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", choices=("train", "explain", "one"))
    arguments.add_argument("name", nargs="?", help="folder of Fashion-MNIST's IDX files; of `one`, the network")
    arguments.add_argument("--threads", type=int, default=1)
    given = arguments.parse_args()
    if given.what == "one":
        print(json.dumps(measure_one(given.name)))
        return
    made = measure_training(Path(given.name), given.threads) if given.what == "train" else measure_explaining()
    kept = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else {}
    write_json(OUTPUT, kept | {"versions": versions(), given.what: made})


if __name__ == "__main__":
    main()

"""The methods of the papers' settings, each run on small images: what `snakemake images` asks for can be computed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from image_nets import Halves, write_squares

from lrpgen.evaluate.comparison import RANDOM, Setting
from lrpgen.images import subjects
from lrpgen.images.evaluate import ImageEvaluation, evaluate_images
from lrpgen.images.explain import ImageJob, explain_images

PAPERS = Path(__file__).parents[2] / "config" / "papers"


@pytest.mark.parametrize("name", ["plrp", "relative", "lrp_ig", "neurons"])
def test_methods_of_a_paper(name, tmp_path, monkeypatch):
    section = yaml.safe_load((PAPERS / f"{name}.yaml").read_text())["images"]
    images = write_squares(tmp_path / "images.h5", count=6, wrong=0)
    model = tmp_path / "halves.bin"
    model.write_bytes(b"stands for the network of image_nets")
    monkeypatch.setattr(subjects, "load_model", lambda path: Halves())
    methods = tuple(section["explain"]["methods"])
    found = explain_images(ImageJob(model, images, tmp_path / "explained", methods, inputs=2))
    assert len(found["methods"]) == len(methods)
    assert all(ledger["gap"] < 1e-3 for ledger in found["ledgers"].values())
    if section.get("evaluate", {}).get("run", True):
        setting = Setting(draws=1, steps=2, checks=0, timed=1, rounds=1)
        wanted = tuple(section["evaluate"]["methods"])
        job = ImageEvaluation((model,), images, tmp_path / "evaluation", wanted, inputs=3, setting=setting)
        rows = {row["method"]: row["values"] for row in evaluate_images(job)["rows"]}
        assert RANDOM in rows
        assert all(values["rma"]["mean"] is not None for values in rows.values())

#!/usr/bin/env sh
# Run by Snakemake inside the new conda environment: adds lrpgen itself, whose dependencies lrpgen.yaml has installed.
# LRPGEN_SOURCE is set by workflow/rules/common.smk to the folder that holds pyproject.toml.
set -eu
python -m pip install --no-deps --editable "${LRPGEN_SOURCE:-.}"

#!/bin/sh
# What explanations cost on a GPU: one call, under 8 minutes, result in benchmarks/gpu.json (or --output FILE).
# Needs Python with lrpgen and a CUDA build of torch; captum and zennit take part where they are installed.
set -eu
cd "$(dirname "$0")/.."
PYTHONPATH=".:benchmarks${PYTHONPATH:+:$PYTHONPATH}" exec timeout 480 "${PYTHON:-python3}" benchmarks/gpu.py "$@"

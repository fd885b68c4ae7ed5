# make demo   install into .venv, run the workflow on the embedded default, say where the report is
# make demo-images  the same for images: Fashion-MNIST and digits on photographs (6 minutes)
# make test   install the test tools, run all tests that this machine can run
# make lint   ruff, pyright, snakefmt, snakemake --lint
# make bench-default  quality over five seeds and the price of an explanation, into benchmarks/*.json (3 minutes)
# make bench-images  demo-images, and what it found into benchmarks/images_demo.json and docs/images.md
# make bench-motifs   motifs found in simulated genomes, beside TF-MoDISco (50 minutes)
# make bench-names    which patterns get a name, rightly or wrongly (4 minutes)
# make bench-precision  relevance in bfloat16 against float32 (1 minute)
# make bench-scaling  time, memory and disk of a genome's relevance at three sizes (10 minutes)
# make bench-store    how relevance is laid out on disk: sizes and times by the share of zeros (3 minutes)
# make bench-speed    what explanations cost in time and memory, beside other libraries, into docs/performance.md (half an hour)
# make bench-quality  methods of relevance against truth, controls and each other, into docs/evaluation.md (50 minutes)
# make clean  remove results, logs and .venv
PYTHON ?= python3
CORES ?= all
CONFIG ?=
PYTEST_ARGS ?= -n auto --maxprocesses 4 --no-loadscope-reorder
VENV := .venv
BIN := $(VENV)/bin
# What an environment is made from; a change of either installs again.
PINS := pyproject.toml constraints.txt
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"

.PHONY: help demo demo-images test lint bench-default bench-images bench-motifs bench-names bench-precision bench-scaling bench-speed bench-store bench-quality clean python

help:
	@grep -E '^# make' Makefile | cut -c 3-

demo: $(VENV)/.installed-motifs
	@$(RUN) python workflow/scripts/unlock_stale.py
	$(RUN) snakemake --cores $(CORES) --rerun-incomplete --quiet host reason $(if $(CONFIG),--configfile $(CONFIG))
	@for page in results/*/report/index.html; do echo "The report: $(CURDIR)/$$page"; done

demo-images: $(VENV)/.installed-compare
	@$(RUN) python workflow/scripts/unlock_stale.py
	$(RUN) snakemake images --cores $(CORES) --rerun-incomplete --quiet host reason $(if $(CONFIG),--configfile $(CONFIG))
	@for page in results/*/explained; do echo "The report: $(CURDIR)/$$(dirname $$page)/report/index.html"; done

test: $(VENV)/.installed-test
	$(RUN) OMP_NUM_THREADS=1 python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.installed-test
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) pyright
	$(RUN) snakefmt --check Snakefile workflow
	$(RUN) snakemake --lint

bench-default: $(VENV)/.installed-motifs
	$(RUN) python benchmarks/embedded_default.py

bench-images: demo-images
	$(RUN) python benchmarks/images_demo.py

bench-motifs: $(VENV)/.installed-test
	$(RUN) python benchmarks/motifs.py
	$(RUN) python benchmarks/motifs.py --peers --seeds 1 --shares 0 0.5 0.9 --output benchmarks/motifs_peers.json

bench-names: $(VENV)/.installed-motifs
	$(RUN) python benchmarks/names.py

bench-precision: $(VENV)/.installed-motifs
	$(RUN) python benchmarks/precision.py

bench-scaling: $(VENV)/.installed-motifs
	$(RUN) python benchmarks/scaling.py

bench-speed: $(VENV)/.installed-test
	$(RUN) python benchmarks/speed.py

bench-store: $(VENV)/.installed-motifs
	$(RUN) python benchmarks/store.py

bench-quality: $(VENV)/.installed-test
	$(RUN) OMP_NUM_THREADS=1 snakemake -s benchmarks/quality.smk --cores $(CORES) --rerun-incomplete
	cp results/quality/small.json benchmarks/quality.json
	$(RUN) python benchmarks/quality_tables.py

clean:
	rm -rf results logs benchmark_runs report.zip .snakemake $(VENV)

# `.installed-motifs` is lrpgen with the extra `motifs`, `.installed-test` with the extra `test`. The file appears last,
# so that an interrupted install goes on and a finished one is not done again. A package whose unpacking was
# interrupted looks installed to pip; its file INSTALLER is only there when it is whole.
$(VENV)/.installed-%: $(PINS) | python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear $(VENV) || \
	    { echo "make: $(PYTHON) could not make a virtual environment; on Debian or Ubuntu: apt install python3-venv" >&2; exit 2; }
	@for package in $(VENV)/lib/python3*/site-packages/*.dist-info; do \
	    [ ! -d "$$package" ] || [ -e "$$package/INSTALLER" ] || rm -rf "$$package"; done
	@echo "Installing lrpgen[$*] into $(VENV): once, some minutes, about 2 GB"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*]'
	@# zennit, a test oracle, and onnx2torch ask for torchvision, which has no CPU build that fits; nothing here needs it.
	@[ $* != test ] || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -c constraints.txt zennit onnx2torch
	@touch $@

python:
	@command -v "$(PYTHON)" >/dev/null || \
	    { echo "make: $(PYTHON) is not on PATH; install Python 3.11 or later, or name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "make: $$("$(PYTHON)" --version) is too old, lrpgen needs 3.11 or later; name another: make PYTHON=python3.12" >&2; exit 2; }

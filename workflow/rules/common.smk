# Configuration and sample sheet, read and checked. No rules here.
import csv
import difflib
import json
import os
import re
import shlex
import shutil
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

try:
    import lrpgen
    from lrpgen.provenance import code_hash
except ImportError as error:
    raise WorkflowError(
        f"lrpgen is not installed in the Python that runs Snakemake ({error}); run `make demo`, "
        "or `pip install -c constraints.txt -e '.[motifs]'` in the workflow's folder."
    ) from None

USES_CONDA = "conda" in {
    str(getattr(method, "value", method))
    for method in workflow.deployment_settings.deployment_method
}
if not USES_CONDA and shutil.which("lrpgen") is None:
    raise WorkflowError(
        "the command lrpgen is not on PATH; activate the environment it is installed in "
        "(for `make demo` that is: export PATH=$PWD/.venv/bin:$PATH)."
    )
# Read by envs/lrpgen.post-deploy.sh.
os.environ.setdefault("LRPGEN_SOURCE", str(Path(lrpgen.__file__).parents[1]))

# Class names that each source gives; the first ones are explained, the last one is the background.
CLASSES = {
    "splice-sites": ["donor", "acceptor", "decoy"],
    "regions": ["positive", "negative"],
    "sequences": ["positive", "negative"],
}
# Columns of the sample sheet that a source needs, and those that mean nothing to it.
NEEDS = {
    "splice-sites": ["fasta", "bed"],
    "regions": ["fasta", "bed"],
    "sequences": ["fasta"],
}
REFUSES = {
    "splice-sites": ["negatives", "labels", "task"],
    "regions": ["sites", "exon", "intron"],
    "sequences": ["bed", "target", "annotation", "sites", "exon", "intron"],
}
TOGETHER = [
    ("labels", "task"),
    ("task", "labels"),
    ("labels", "output"),
    ("weights", "model"),
    ("annotation", "target"),
]
FILES = [
    "fasta",
    "bed",
    "negatives",
    "labels",
    "model",
    "weights",
    "annotation",
    "truth",
]


def plain(error, known):
    """One sentence for a JSON schema error. known: the names that could have been meant, for typos."""
    cause = error.__context__
    if not hasattr(cause, "absolute_path"):
        return str(error)
    place = ".".join(str(part) for part in cause.absolute_path)
    if cause.validator == "additionalProperties":
        names = list(cause.schema["properties"])
        extra = sorted(set(cause.instance) - set(names))[0]
        where = f"{place}.{extra}" if place else extra
        close = difflib.get_close_matches(str(extra), names, n=1)
        if close:
            return f"{where!r} is not a known {known}; did you mean {close[0]}?"
        return f"{where!r} is not a known {known}; known here: {', '.join(names)}."
    if cause.validator == "required":
        return f"a {known} is missing: {cause.message}."
    if cause.validator == "type":
        wanted = cause.validator_value
        wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
        return f"{place!r} is {cause.instance!r} but must be of type {wanted}."
    if cause.validator == "pattern":
        return f"{place!r} is {cause.instance!r}, which does not fit: {cause.schema['description']}"
    return f"{place!r} does not fit: {cause.message}."


def check(data, schema, place, known):
    """Validate `data` (filling in defaults) or say in one sentence what is wrong with it at `place`."""
    try:
        validate(data, schema)
    except WorkflowError as error:
        raise WorkflowError(f"{place}: {plain(error, known)}") from None


def read_samples(path):
    """The sample sheet as {sample: row}, rows checked and completed; raises WorkflowError naming file and line."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise WorkflowError(
            f"the sample sheet {path} cannot be read ({reason}); "
            "set `samples` in the config to a tab-separated file."
        ) from None
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    rows = csv.reader(
        (line for _, line in lines), delimiter="\t", quoting=csv.QUOTE_NONE
    )
    header = [name.strip() for name in next(rows, [])]
    found = {}
    for (number, _), cells in zip(lines[1:], rows):
        place = f"{path}:{number}"
        if len(cells) > len(header):
            raise WorkflowError(
                f"{place}: {len(cells)} columns, but the header names {len(header)}."
            )
        row = {name: cell.strip() for name, cell in zip(header, cells) if cell.strip()}
        check(row, SAMPLES_SCHEMA, place, "column")
        check_sample(row, place)
        if row["sample"] in found:
            raise WorkflowError(
                f"{place}: sample {row['sample']!r} stands in the sheet twice; give every sample a name of its own."
            )
        found[row["sample"]] = row
    if not found:
        raise WorkflowError(
            f"{path}: no sample in the sheet; add a row under the header (see config/README.md)."
        )
    return found


def check_sample(row, place):
    """What the schema cannot say: which columns go together, and that the files are there."""
    if row["sample"] == "merged":
        raise WorkflowError(
            f"{place}: results/merged holds the patterns of all samples together; call sample 'merged' something else."
        )
    source = row["source"]
    for column in NEEDS[source]:
        if not row[column]:
            raise WorkflowError(
                f"{place}: source {source} needs the column {column!r}; fill it in."
            )
    for column in REFUSES[source]:
        if row[column]:
            raise WorkflowError(
                f"{place}: the column {column!r} means nothing to source {source}; leave it empty."
            )
    for column, other in TOGETHER:
        if row[column] and not row[other]:
            raise WorkflowError(
                f"{place}: the column {column!r} needs {other!r} beside it; fill it in."
            )
    known = [row["output"]] if row["output"] else row_classes(row)
    if row["target"] and row["target"] not in known:
        raise WorkflowError(
            f"{place}: target {row['target']!r} is no class of source {source}; "
            f"choose one of {', '.join(known)}, or leave it empty for no track."
        )
    for column in FILES:
        if row[column] and not Path(row[column]).is_file():
            raise WorkflowError(
                f"{place}: {column} {row[column]} does not exist; paths start at the folder Snakemake runs in."
            )
    if split_of(row) == "none" and config["explain"]["prune"]["positive"] == "auto":
        raise WorkflowError(
            f"{place}: explain.prune.positive is auto, which needs a validation part, and the windows of this sample "
            "are not split; set windows.split, or give a number."
        )


def split_of(row):
    """How a sample's windows are split. A model that was loaded has no train part here."""
    sites = row["source"] == "splice-sites"
    own = "none" if row["model"] else "position" if sites else "fraction"
    return config["windows"]["split"] or own


def row_classes(row):
    """Names of the windows' classes, the background last."""
    if row["sites"] in ("donor", "acceptor"):
        return [row["sites"], "decoy"]
    return CLASSES[row["source"]]


CONFIG_SCHEMA = "../schemas/config.schema.yaml"
SAMPLES_SCHEMA = "../schemas/samples.schema.yaml"
check(config, CONFIG_SCHEMA, "config", "key")
SAMPLES = read_samples(config["samples"])


TARGETS = {
    name for row in SAMPLES.values() for name in [*row_classes(row), row["output"]]
}


wildcard_constraints:
    sample="|".join(map(re.escape, SAMPLES)),
    target="|".join(sorted(re.escape(name) for name in TARGETS if name)),
    member="[0-9]+",
    what="relevance|hits",
    shard="[0-9]+-of-[0-9]+",


def explained(sample):
    """What is explained: all classes but the background, which comes last, or the output that the sheet names."""
    row = SAMPLES[sample]
    return [row["output"]] if row["output"] else row_classes(row)[:-1]


def searched(sample):
    """The classes whose patterns are looked for along the genome: the one with a track, if it has patterns."""
    return [name for name in explained(sample) if name == SAMPLES[sample]["target"]]


def loaded(sample):
    """Whether the sample's model comes from the sheet instead of being trained."""
    return bool(SAMPLES[sample]["model"])


def chosen(samples):
    """A wildcard's pattern for some samples; one that fits nothing where there are none."""
    return "|".join(map(re.escape, samples)) or "(?!)"

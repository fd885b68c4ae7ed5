# Configuration and sheet as options of `lrpgen`, and resources. No rules here.


def windows_options(wildcards):
    """Options of `lrpgen windows` that this sample's source has a use for."""
    window, row = config["windows"], SAMPLES[wildcards.sample]
    sites, split = row["source"] == "splice-sites", split_of(row)
    options = {
        "--source": row["source"],
        "--seed": config["seed"],
        "--width": None if row["exon"] else window["width"],
        "--max-ambiguous-share": window["max_ambiguous_share"],
        "--split": split,
        "--similarity": None if split == "none" else window["similarity"],
    }
    of_split = {
        "position": {
            "--validation-start": window["validation_start"],
            "--test-start": window["test_start"],
        },
        "contig": {
            "--validation-contigs": ",".join(window["validation_contigs"]),
            "--test-contigs": ",".join(window["test_contigs"]),
        },
        "file": {"--split-file": window["split_file"]},
        "fraction": {
            "--validation-fraction": window["validation_fraction"],
            "--test-fraction": window["test_fraction"],
        },
        "none": {},
    }
    options |= of_split[split]
    if sites:
        options["--decoys-per-site"] = window["decoys_per_site"]
        options |= {
            f"--{name}": row[name] or None for name in ("sites", "exon", "intron")
        }
    elif row["labels"]:
        options["--task"] = row["task"]
    else:
        options["--negatives-per-positive"] = window["negatives_per_positive"]
        options["--negatives-from"] = window["negatives_from"]
    return command_options(options)


# Keys of the section `model` that are options of the same name.
TRAINING = "architecture epochs batch_size learning_rate patience schedule loss class_weights augment_shift precision"


def architecture_options():
    """`--set name=value` for every argument of the network."""
    settings = config["model"]["settings"].items()
    texts = [f"{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in settings]
    return " ".join(f"--set {shlex.quote(text)}" for text in texts)


def load_options(wildcards):
    """Options of `lrpgen models convert`."""
    loading = config["model"]["loading"]
    names = ["architecture", "channels", "layout", "task", "activation"]
    options = {f"--{name}": loading[name] for name in names}
    options["--classes"] = ",".join(loading["classes"] or explained(wildcards.sample))
    more = architecture_options() if loading["architecture"] else ""
    return f"{command_options(options)} {more}"


def train_options(seed):
    """Function of the wildcards: options of `lrpgen train`, with a seed of `seed(wildcards)`."""

    def find(wildcards):
        model = config["model"]
        options = {f"--{k.replace('_', '-')}": model[k] for k in TRAINING.split()}
        options["--seed"] = seed(wildcards)
        flag = "--augment-rc" if model["augment_rc"] else ""
        return f"{command_options(options)} {architecture_options()} {flag}"

    return find


def relevance_options(share):
    """Options of every command that explains; share: what is pruned, a number or a file; None where it is chosen."""
    section = config["explain"]
    return {
        "--composite": section["composite"],
        "--prune-positive": share,
        "--prune-negative": section["prune"]["negative"],
        "--redistribute": section["prune"]["redistribute"],
        "--reference": section["reference"],
        "--batch-size": section["batch_size"],
        "--seed": config["seed"],
    }


def pruned_share(input):
    """The share that is pruned, or the file of the choice where the config leaves it open."""
    return input.prune or config["explain"]["prune"]["positive"]


def prune_options(wildcards):
    """Options of `lrpgen prune`."""
    return command_options(relevance_options(None))


def allow_cpu(wildcards):
    """For every command that may use a GPU."""
    return "--allow-cpu" if config["explain"]["allow_cpu"] else ""


def explain_options(wildcards, input):
    """Options of `lrpgen explain` that windows and genome tiles share."""
    own = {f"--{name}": config["explain"][name] for name in ("strands", "precision")}
    return command_options({**relevance_options(pruned_share(input)), **own})


def filter_options(wildcards, input):
    """Options of `lrpgen filters`."""
    own = {f"--{name}": config["filters"][name] for name in ("share", "logos")}
    return command_options({**relevance_options(pruned_share(input)), **own})


def neuron_options(wildcards):
    """Options of `lrpgen neurons`. Windows that are not split are all test."""
    section, whole = config["neurons"], split_of(SAMPLES[wildcards.sample]) == "none"
    names = ["inputs", "channels", "draws", "tolerance"]
    return command_options(
        {
            "--split": "test" if whole else section["split"],
            **{f"--{name}": section[name] for name in names},
            "--composite": section["composite"],
            "--seed": config["seed"],
        }
    )


def evaluate_options(wildcards):
    """Options of `lrpgen evaluate`. Windows that are not split are all test."""
    section, whole = config["evaluate"], split_of(SAMPLES[wildcards.sample]) == "none"
    names = ["inputs", "draws", "steps", "checks"]
    methods = section["methods"]
    return command_options(
        {
            "--methods": None if methods is None else " ".join(methods),
            "--split": "test" if whole else section["split"],
            **{f"--{name}": section[name] for name in names},
            "--seed": config["seed"],
        }
    )


def truth_option(wildcards, input):
    """What matters, where somebody knows: the sheet's file; else splice sites, for windows of them."""
    sites = SAMPLES[wildcards.sample]["source"] == "splice-sites"
    return command_options({"--truth": input.truth or ("sites" if sites else None)})


def hit_options():
    """Options of `lrpgen hits`."""
    return command_options(
        {"--max-q": config["motifs"]["max_hit_q"], "--seed": config["seed"]}
    )


def enrich_options(wildcards):
    """Options of `lrpgen enrich` for a track, or for hits of each pattern apart."""
    section = config["enrich"]
    options = {
        "--promoter": section["promoter"],
        "--shifts": section["shifts"],
        "--seed": config["seed"],
    }
    if wildcards.what == "hits":
        return f"{command_options(options)} --by-name"
    return command_options({**options, "--value": section["value"]})


def explained_windows(wildcards):
    """Options of `lrpgen explain` that say which windows are explained, and for which output."""
    row = SAMPLES[wildcards.sample]
    labels = None if row["labels"] else ",".join(row_classes(row)[:-1])
    return command_options({"--labels": labels, "--target": row["output"] or None})


def judged(wildcards):
    """The output that the windows' first class judges, where the sheet names one and there is no table of labels."""
    row = SAMPLES[wildcards.sample]
    return command_options(
        {"--target": None if row["labels"] else row["output"] or None}
    )


def model_options(wildcards, input):
    return " ".join(f"--model {shlex.quote(str(path))}" for path in input.models)


def optional(flag, name):
    """Function of the wildcards and input: the flag with the input file of that name, or nothing."""

    def find(wildcards, input):
        return f"{flag} {shlex.quote(str(input[name]))}" if input[name] else ""

    return find


def motif_options():
    """Options of `lrpgen motifs`."""
    own = command_options(
        {
            "--max-seqlet-q": config["motifs"]["max_seqlet_q"],
            "--grouping": config["motifs"]["grouping"],
        }
    )
    return f"{own} {pattern_options()}"


def pattern_options():
    """Options that `lrpgen motifs` and `lrpgen merge` share: names and colours."""
    names = ["names", "release", "taxon", "max_name_q", "palette"]
    options = {f"--{k.replace('_', '-')}": config["motifs"][k] for k in names}
    return command_options({**options, "--seed": config["seed"]})


def command_options(options):
    """`--name value ...`; an option whose value is None is left out."""
    return " ".join(
        f"{name} {shlex.quote(str(value))}"
        for name, value in options.items()
        if value is not None
    )


# Jobs where `shards: auto` has no calibration to go by.
UNCALIBRATED = {"windows": 2, "tiles": 4}


def shards(kind, pattern):
    """Input function: all shards of a sample, files named like `pattern`. kind: windows or tiles."""
    section = {"windows": "explain", "tiles": "tracks"}[kind]

    def find(wildcards):
        count = config[section]["shards"]
        if count == "auto":
            measured = Path(f"results/{wildcards.sample}/calibration.{kind}.json")
            count = UNCALIBRATED[kind]
            if measured.is_file():
                count = json.loads(measured.read_text())["shards"]
        names = [f"{k}-of-{count}" for k in range(1, count + 1)]
        return expand(pattern, shard=names, **wildcards)

    return find


def shard(wildcards):
    """`2-of-8`, as files are named, to `2/8`, as `lrpgen explain` reads it."""
    return wildcards.shard.replace("-of-", "/")


def job_minutes(section, least):
    """Run time of a shard: twice what `shards: auto` aims at, as much again with every retry."""
    aim = config["explain"]["minutes_per_job"]
    return minutes(
        max(least, 2 * aim) if config[section]["shards"] == "auto" else least
    )


def settings(wildcards):
    """The settings that made a sample's results, defaults included, as JSON text for the report."""
    shown = {**config, "sample": SAMPLES[wildcards.sample]}
    return json.dumps(shown, indent=2)


def megabytes(base, per_input=0.0, of=None):
    """Memory in MB: a base plus so many times the input's size, and as much again with every retry.

    of : the name of the one input that counts; all of them without it.
    """

    def amount(wildcards, input, attempt):
        # Not input.size_mb, which warns of a coroutine under --report. A missing file means "to be determined".
        counted = input if of is None else [getattr(input, of)]
        size = sum(os.path.getsize(path) for path in counted) / 1e6 if per_input else 0
        return int((base + per_input * size) * attempt)

    return amount


def minutes(base):
    """Run time in minutes, as much again with every retry."""

    def amount(wildcards, attempt):
        return base * attempt

    return amount

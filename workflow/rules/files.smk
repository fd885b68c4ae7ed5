# Which files a sample has: input functions, and what a run ends with. No rules here.


def sample_file(column):
    """Input function: the file that the sheet names in `column` for this sample; nothing if it is empty."""

    def find(wildcards):
        return SAMPLES[wildcards.sample][column] or []

    return find


def models(wildcards):
    """The sample's models: one, or the members of an ensemble."""
    members = 1 if loaded(wildcards.sample) else config["model"]["members"]
    more = [
        f"results/{wildcards.sample}/members/{i}.safetensors"
        for i in range(2, members + 1)
    ]
    return [f"results/{wildcards.sample}/model.safetensors", *more]


def prune_file(wildcards):
    """The file that says which share is pruned, where the config leaves that to be chosen."""
    auto = config["explain"]["prune"]["positive"] == "auto"
    return f"results/{wildcards.sample}/prune.json" if auto else []


def baseline_file(wildcards):
    """The k-mer baseline, which needs a train part: none for models that were loaded."""
    return (
        [] if loaded(wildcards.sample) else f"results/{wildcards.sample}/baseline.json"
    )


def history_file(wildcards):
    return (
        [] if loaded(wildcards.sample) else f"results/{wildcards.sample}/history.json"
    )


def calibrations(wildcards):
    """Measured windows/s of every sample, and the numbers of jobs that follow."""
    tiled = [sample for sample, row in SAMPLES.items() if row["target"]]
    return [
        *(f"results/{sample}/calibration.windows.json" for sample in SAMPLES),
        *(f"results/{sample}/calibration.tiles.json" for sample in tiled),
    ]


def track_files(wildcards):
    """The sample's genome tracks, if the sheet asks for some."""
    target = SAMPLES[wildcards.sample]["target"]
    return [f"results/{wildcards.sample}/tracks/{target}.json"] if target else []


def enriched(sample):
    """What is looked up in the sample's annotation, if the sheet names one: the track, and hits along the genome."""
    annotated = bool(SAMPLES[sample]["annotation"])
    return annotated * ["relevance"] + annotated * len(searched(sample)) * ["hits"]


def enriched_file(wildcards):
    """The track or the hits that are looked up."""
    name = {
        "relevance": "tracks/{target}.relevance.bw",
        "hits": "hits/{target}.genome.bed",
    }
    return f"results/{wildcards.sample}/{name[wildcards.what].format(target=wildcards.target)}"


def motif_library(wildcards):
    """The MEME file that patterns are named by, where the config gives one."""
    names = config["motifs"]["names"]
    return [] if names in ("jaspar", "none") else names


def of_motifs(sample, name):
    """The file `name` of each class of a sample that is searched for motifs."""
    return expand(
        "results/{sample}/motifs/{target}/{name}",
        sample=sample,
        target=explained(sample),
        name=name,
    )


def motif_summaries(wildcards):
    return of_motifs(wildcards.sample, "summary.json")


def motif_matrices(wildcards):
    return of_motifs(wildcards.sample, "patterns.h5")


def results_of(sample):
    """Every file of a sample that stays, but its report, which lists them."""
    row = SAMPLES[sample]
    made = [rules.load_model] if row["model"] else [rules.train, rules.baseline]
    once = [rules.windows, *made, rules.predict, rules.gather, rules.explain_shuffles]
    if config["motifs"]["merge"] and len(explained(sample)) > 1:
        once.append(rules.merge)
    if config["explain"]["prune"]["positive"] == "auto":
        once.append(rules.choose_prune)
    once += [rules.filters] if config["filters"]["run"] else []
    once += [rules.network] if config["neurons"]["run"] else []
    once += [rules.evaluate_methods] if config["evaluate"]["run"] else []
    found = [str(path).format(sample=sample) for rule in once for path in rule.output]
    pairs = [
        (rule, target)
        for rule in (rules.motifs, rules.hits)
        for target in explained(sample)
    ]
    pairs += [(rules.tracks, row["target"])] if row["target"] else []
    pairs += [(rules.genome_hits, target) for target in searched(sample)]
    found += [
        str(path).format(sample=sample, target=target)
        for rule, target in pairs
        for path in rule.output
    ]
    return found + [
        str(path).format(sample=sample, target=row["target"], what=what)
        for what in enriched(sample)
        for path in rules.enrich.output
    ]


def final_output(wildcards):
    """Every file that stays, not only the last one: what went missing is made again."""
    wanted = [path for sample in SAMPLES for path in results_of(sample)]
    wanted += expand(rules.report.output, sample=SAMPLES)
    if config["motifs"]["merge"] and len(SAMPLES) > 1:
        wanted += rules.merge_samples.output
    return wanted

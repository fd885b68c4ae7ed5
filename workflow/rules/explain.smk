# Relevance: of every labelled window (with multipliers and ledger), of shuffled ones (the null of seqlets), and of tiles
# over the whole genome (for tracks); and before them, where it is left open, the share that is pruned.


rule choose_prune:
    # Runs where `explain.prune.positive` is auto.
    input:
        windows="results/{sample}/windows.h5",
        models=models,
    output:
        "results/{sample}/prune.json",
    log:
        "logs/{sample}/choose_prune.log",
    benchmark:
        "benchmark_runs/{sample}/choose_prune.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(3000),
        runtime=minutes(60),
    params:
        options=prune_options,
        models=model_options,
        windows=explained_windows,
        allow_cpu=allow_cpu,
        code=code_hash("lrp", "relevance", "evaluate"),
    shell:
        "lrpgen prune {params.models} --windows {input.windows:q} {params.windows}"
        " {params.options} --threads {threads}"
        " --gpus {resources.gpu} {params.allow_cpu} -o {output:q} > {log:q} 2>&1"


rule calibrate:
    # Not part of a usual run: with `shards: auto`, the next run takes the numbers of jobs from here.
    input:
        calibrations,
    localrule: True


rule calibrate_windows:
    input:
        windows="results/{sample}/windows.h5",
        models=models,
        prune=prune_file,
    output:
        "results/{sample}/calibration.windows.json",
    log:
        "logs/{sample}/calibrate_windows.log",
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(3000, per_input=4),
        runtime=minutes(30),
    params:
        options=explain_options,
        models=model_options,
        windows=explained_windows,
        minutes=config["explain"]["minutes_per_job"],
        allow_cpu=allow_cpu,
        code=code_hash("lrp", "relevance"),
    shell:
        "lrpgen explain {params.models} --windows {input.windows:q} {params.windows}"
        " {params.options} --threads {threads}"
        " --gpus {resources.gpu} {params.allow_cpu} --minutes {params.minutes} --calibrate {output:q} > {log:q} 2>&1"


rule calibrate_tiles:
    input:
        genome=sample_file("fasta"),
        models=models,
        prune=prune_file,
    output:
        "results/{sample}/calibration.tiles.json",
    log:
        "logs/{sample}/calibrate_tiles.log",
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(3000),
        runtime=minutes(30),
    params:
        options=explain_options,
        models=model_options,
        stride=config["tracks"]["stride"],
        target=lambda wildcards: SAMPLES[wildcards.sample]["target"],
        minutes=config["explain"]["minutes_per_job"],
        allow_cpu=allow_cpu,
        code=code_hash("lrp", "relevance", "sequences"),
    shell:
        "lrpgen explain {params.models} --genome {input.genome:q} --stride {params.stride}"
        " --target {params.target:q} {params.options} --threads {threads}"
        " --gpus {resources.gpu} {params.allow_cpu} --minutes {params.minutes}"
        " --calibrate {output:q} > {log:q} 2>&1"


rule explain_windows:
    input:
        windows="results/{sample}/windows.h5",
        models=models,
        prune=prune_file,
    output:
        shard=temp("results/{sample}/shards/windows.{shard}.h5"),
    log:
        "logs/{sample}/explain_windows.{shard}.log",
    benchmark:
        "benchmark_runs/{sample}/explain_windows.{shard}.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(3000, per_input=4),
        runtime=job_minutes("explain", 60),
    params:
        options=explain_options,
        models=model_options,
        windows=explained_windows,
        shard=shard,
        allow_cpu=allow_cpu,
        code=code_hash("lrp", "relevance"),
    shell:
        "lrpgen explain {params.models} --windows {input.windows:q} {params.windows}"
        " {params.options} --threads {threads}"
        " --gpus {resources.gpu} {params.allow_cpu} --shard {params.shard} -o {output.shard:q} > {log:q} 2>&1"


rule gather:
    input:
        shards=shards("windows", "results/{sample}/shards/windows.{shard}.h5"),
    output:
        relevance=ensure("results/{sample}/relevance.h5", non_empty=True),
    log:
        "logs/{sample}/gather.log",
    benchmark:
        "benchmark_runs/{sample}/gather.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000),
        runtime=minutes(30),
    params:
        code=code_hash("lrp", "relevance"),
    shell:
        "lrpgen gather {input.shards:q} -o {output.relevance:q} > {log:q} 2>&1"


rule explain_shuffles:
    input:
        windows="results/{sample}/windows.h5",
        models=models,
        prune=prune_file,
    output:
        null="results/{sample}/null.h5",
    log:
        "logs/{sample}/explain_shuffles.log",
    benchmark:
        "benchmark_runs/{sample}/explain_shuffles.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(3000),
        runtime=minutes(60),
    params:
        options=explain_options,
        models=model_options,
        windows=explained_windows,
        shuffled=config["motifs"]["shuffled"],
        allow_cpu=allow_cpu,
        code=code_hash("lrp", "relevance", "sequences"),
    shell:
        "lrpgen explain {params.models} --windows {input.windows:q} {params.windows} --shuffled {params.shuffled}"
        " {params.options} --threads {threads} --gpus {resources.gpu} {params.allow_cpu}"
        " -o {output.null:q} > {log:q} 2>&1"


rule explain_tiles:
    input:
        genome=sample_file("fasta"),
        models=models,
        prune=prune_file,
    output:
        shard=temp("results/{sample}/shards/tiles.{target}.{shard}.h5"),
    log:
        "logs/{sample}/explain_tiles.{target}.{shard}.log",
    benchmark:
        "benchmark_runs/{sample}/explain_tiles.{target}.{shard}.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(3000),
        runtime=job_minutes("tracks", 240),
    params:
        options=explain_options,
        models=model_options,
        stride=config["tracks"]["stride"],
        shard=shard,
        allow_cpu=allow_cpu,
        code=code_hash("lrp", "relevance", "sequences"),
    shell:
        "lrpgen explain {params.models} --genome {input.genome:q} --stride {params.stride}"
        " --target {wildcards.target:q} {params.options} --threads {threads}"
        " --gpus {resources.gpu} {params.allow_cpu} --shard {params.shard}"
        " -o {output.shard:q} > {log:q} 2>&1"


rule tracks:
    input:
        shards=shards("tiles", "results/{sample}/shards/tiles.{target}.{shard}.h5"),
        genome=sample_file("fasta"),
    output:
        relevance=ensure(
            "results/{sample}/tracks/{target}.relevance.bw", non_empty=True
        ),
        coverage=ensure("results/{sample}/tracks/{target}.coverage.bw", non_empty=True),
        sd=ensure("results/{sample}/tracks/{target}.sd.bw", non_empty=True),
        bedgraph="results/{sample}/tracks/{target}.relevance.bedgraph.gz",
        summary=report(
            "results/{sample}/tracks/{target}.json",
            caption="../report/tracks.rst",
            category="Tracks",
            labels={"sample": "{sample}", "class": "{target}"},
        ),
    log:
        "logs/{sample}/tracks.{target}.log",
    benchmark:
        "benchmark_runs/{sample}/tracks.{target}.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(4000),
        runtime=minutes(120),
    params:
        # The command names its five files itself, from this prefix.
        prefix=lambda wildcards, output: str(Path(output.summary).with_suffix("")),
        code=code_hash("relevance"),
    shell:
        "lrpgen tracks {input.shards:q} --genome {input.genome:q} -o {params.prefix:q} > {log:q} 2>&1"

# A network per sample: loaded, or trained on its train part, stopped on its validation part; measured on its test part.


rule load_model:
    input:
        model=sample_file("model"),
        weights=sample_file("weights"),
    output:
        model=ensure("results/{sample}/model.safetensors", non_empty=True),
    log:
        "logs/{sample}/load_model.log",
    benchmark:
        "benchmark_runs/{sample}/load_model.tsv"
    wildcard_constraints:
        sample=chosen(sample for sample in SAMPLES if loaded(sample)),
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000, per_input=4),
        runtime=minutes(30),
    params:
        options=load_options,
        weights=optional("--weights", "weights"),
        code=code_hash("models"),
    shell:
        "lrpgen models convert {input.model:q} {params.weights} {params.options} -o {output.model:q} > {log:q} 2>&1"


rule train:
    input:
        windows="results/{sample}/windows.h5",
    output:
        model=ensure("results/{sample}/model.safetensors", non_empty=True),
        history="results/{sample}/history.json",
    log:
        "logs/{sample}/train.log",
    benchmark:
        "benchmark_runs/{sample}/train.tsv"
    wildcard_constraints:
        sample=chosen(sample for sample in SAMPLES if not loaded(sample)),
    conda:
        "../../envs/lrpgen.yaml"
    threads: 2
    resources:
        gpu=0,
        mem_mb=megabytes(4000, per_input=20),
        runtime=minutes(120),
    params:
        options=train_options(seed=lambda wildcards: config["seed"]),
        allow_cpu=allow_cpu,
        code=code_hash("models"),
    shell:
        "lrpgen train {input.windows:q} {params.options} --threads {threads} --gpus {resources.gpu} {params.allow_cpu}"
        " -o {output.model:q} --history {output.history:q} > {log:q} 2>&1"


use rule train as train_member with:
    output:
        model=ensure("results/{sample}/members/{member}.safetensors", non_empty=True),
        history="results/{sample}/members/{member}.json",
    log:
        "logs/{sample}/train_member.{member}.log",
    benchmark:
        "benchmark_runs/{sample}/train_member.{member}.tsv"
    params:
        options=train_options(
            seed=lambda wildcards: config["seed"] + int(wildcards.member) - 1
        ),
        code=code_hash("models"),


rule baseline:
    input:
        windows="results/{sample}/windows.h5",
    output:
        baseline="results/{sample}/baseline.json",
    log:
        "logs/{sample}/baseline.log",
    benchmark:
        "benchmark_runs/{sample}/baseline.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(4000),
        runtime=minutes(60),
    params:
        seed=config["seed"],
        code=code_hash("models"),
    shell:
        "lrpgen baseline {input.windows:q} --seed {params.seed} -o {output.baseline:q} > {log:q} 2>&1"


rule predict:
    input:
        windows="results/{sample}/windows.h5",
        models=models,
        baseline=baseline_file,
    output:
        predictions="results/{sample}/predictions.tsv",
        metrics=report(
            "results/{sample}/metrics.json",
            caption="../report/metrics.rst",
            category="Quality",
            labels={"sample": "{sample}", "file": "metrics"},
        ),
        plots=report(
            directory("results/{sample}/quality"),
            patterns=["{figure}.svg"],
            caption="../report/metrics.rst",
            category="Quality",
            labels={"sample": "{sample}", "file": "{figure}"},
        ),
    log:
        "logs/{sample}/predict.log",
    benchmark:
        "benchmark_runs/{sample}/predict.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(2000, per_input=20),
        runtime=minutes(30),
    params:
        models=model_options,
        baseline=optional("--baseline", "baseline"),
        target=judged,
        allow_cpu=allow_cpu,
        code=code_hash("models"),
    shell:
        "lrpgen predict {input.windows:q} {params.models} {params.baseline} {params.target} --threads {threads}"
        " --gpus {resources.gpu} {params.allow_cpu}"
        " -o {output.predictions:q} --metrics {output.metrics:q} --plots {output.plots:q} > {log:q} 2>&1"

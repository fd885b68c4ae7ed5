# A network per sample: trained on its train part, stopped on its validation part, measured on its test part.


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
    conda:
        "../../envs/lrpgen.yaml"
    threads: 2
    resources:
        gpu=0,
        mem_mb=megabytes(4000, per_input=20),
        runtime=minutes(120),
    params:
        options=command_options(
            {
                "--architecture": config["model"]["architecture"],
                "--epochs": config["model"]["epochs"],
                "--batch-size": config["model"]["batch_size"],
                "--learning-rate": config["model"]["learning_rate"],
                "--patience": config["model"]["patience"],
                "--seed": config["seed"],
            }
        ),
        code=code_hash("models"),
    shell:
        "lrpgen train {input.windows:q} {params.options} --threads {threads}"
        " -o {output.model:q} --history {output.history:q} > {log:q} 2>&1"


rule predict:
    input:
        windows="results/{sample}/windows.h5",
        model="results/{sample}/model.safetensors",
    output:
        predictions="results/{sample}/predictions.tsv",
        metrics=report(
            "results/{sample}/metrics.json",
            caption="../report/metrics.rst",
            category="Quality",
            labels={"sample": "{sample}", "file": "metrics"},
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
        code=code_hash("models"),
    shell:
        "lrpgen predict {input.windows:q} --model {input.model:q} --threads {threads}"
        " -o {output.predictions:q} --metrics {output.metrics:q} > {log:q} 2>&1"

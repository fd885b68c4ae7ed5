# Which method explains a sample's model best, and whether pruning helps: measures, controls and costs of many methods.


rule evaluate:
    # Not part of a usual run unless the config says so (`evaluate.run`): it takes long.
    input:
        expand("results/{sample}/evaluation", sample=SAMPLES),
    localrule: True


rule evaluate_methods:
    input:
        windows="results/{sample}/windows.h5",
        models=models,
        truth=sample_file("truth"),
    output:
        folder=report(
            directory("results/{sample}/evaluation"),
            patterns=["{file}.svg", "{file}.tsv"],
            caption="../report/evaluation.rst",
            category="Evaluation",
            labels={"sample": "{sample}", "file": "{file}"},
        ),
    log:
        "logs/{sample}/evaluate_methods.log",
    benchmark:
        "benchmark_runs/{sample}/evaluate_methods.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(4000),
        runtime=minutes(240),
    params:
        options=evaluate_options,
        models=model_options,
        windows=explained_windows,
        truth=truth_option,
        allow_cpu=allow_cpu,
        code=code_hash(
            "evaluate", "lrp", "models", "plots", "relevance", "sequences", "simulate"
        ),
    shell:
        "lrpgen evaluate {params.models} --windows {input.windows:q} {params.windows} {params.truth}"
        " {params.options} --threads {threads}"
        " --gpus {resources.gpu} {params.allow_cpu} -o {output.folder:q} > {log:q} 2>&1"

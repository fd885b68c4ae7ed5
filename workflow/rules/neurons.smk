# Which channels carry a network's explanations, and the critical paths of relevance through it.


rule neurons:
    # `snakemake neurons` runs it at any time.
    input:
        expand("results/{sample}/network", sample=SAMPLES),
    localrule: True


rule network:
    input:
        windows="results/{sample}/windows.h5",
        model="results/{sample}/model.safetensors",
    output:
        # Members of an ensemble have neurons of their own: these are the first one's.
        folder=directory("results/{sample}/network"),
    log:
        "logs/{sample}/network.log",
    benchmark:
        "benchmark_runs/{sample}/network.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(3000),
        runtime=minutes(60),
    params:
        options=neuron_options,
        windows=explained_windows,
        allow_cpu=allow_cpu,
        code=code_hash("lrp", "models", "neurons", "plots", "relevance", "sequences"),
    shell:
        "lrpgen neurons --model {input.model:q} --windows {input.windows:q} {params.windows} {params.options}"
        " --threads {threads} --gpus {resources.gpu} {params.allow_cpu} -o {output.folder:q} > {log:q} 2>&1"

# Patterns of several classes or samples as one set: what is one pattern becomes one.


rule merge:
    input:
        summaries=motif_summaries,
        matrices=motif_matrices,
        library=motif_library,
    output:
        names="results/{sample}/merged/names.tsv",
        patterns="results/{sample}/merged/patterns.tsv",
        matrices="results/{sample}/merged/patterns.h5",
        meme="results/{sample}/merged/patterns.meme",
        summary="results/{sample}/merged/summary.json",
        logos=directory("results/{sample}/merged/logos"),
    log:
        "logs/{sample}/merge.log",
    benchmark:
        "benchmark_runs/{sample}/merge.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000),
        runtime=minutes(60),
    params:
        folders=lambda wildcards, input: [str(Path(p).parent) for p in input.summaries],
        folder=lambda wildcards, output: str(Path(output.summary).parent),
        options=pattern_options(),
        code=code_hash("motifs", "plots"),
    shell:
        "lrpgen merge {params.folders:q} {params.options} -o {params.folder:q} > {log:q} 2>&1"


use rule merge as merge_samples with:
    input:
        summaries=[
            path for sample in SAMPLES for path in of_motifs(sample, "summary.json")
        ],
        matrices=[
            path for sample in SAMPLES for path in of_motifs(sample, "patterns.h5")
        ],
        library=motif_library,
    output:
        names="results/merged/names.tsv",
        patterns="results/merged/patterns.tsv",
        matrices="results/merged/patterns.h5",
        meme="results/merged/patterns.meme",
        summary="results/merged/summary.json",
        logos=directory("results/merged/logos"),
    log:
        "logs/merge.log",
    benchmark:
        "benchmark_runs/merge.tsv"

# Seqlets, patterns, their names, logos and instances of one class, from relevance alone.


rule motifs:
    input:
        relevance="results/{sample}/relevance.h5",
        library=motif_library,
    output:
        names="results/{sample}/motifs/{target}/names.tsv",
        seqlets="results/{sample}/motifs/{target}/seqlets.bed",
        instances="results/{sample}/motifs/{target}/instances.bed",
        patterns="results/{sample}/motifs/{target}/patterns.tsv",
        matrices="results/{sample}/motifs/{target}/patterns.h5",
        meme="results/{sample}/motifs/{target}/patterns.meme",
        summary="results/{sample}/motifs/{target}/summary.json",
        mean=report(
            "results/{sample}/motifs/{target}/mean.svg",
            caption="../report/mean.rst",
            category="Logos",
            labels={
                "sample": "{sample}",
                "class": "{target}",
                "logo": "mean relevance",
            },
        ),
        logos=report(
            directory("results/{sample}/motifs/{target}/logos"),
            patterns=["{pattern}.svg"],
            caption="../report/logos.rst",
            category="Logos",
            labels={"sample": "{sample}", "class": "{target}", "logo": "{pattern}"},
        ),
    log:
        "logs/{sample}/motifs.{target}.log",
    benchmark:
        "benchmark_runs/{sample}/motifs.{target}.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(4000, per_input=8),
        runtime=minutes(120),
    params:
        folder=lambda wildcards, output: str(Path(output.summary).parent),
        options=pattern_options(),
        code=code_hash("motifs", "plots"),
    shell:
        "lrpgen motifs {input.relevance:q} --target {wildcards.target:q} {params.options}"
        " -o {params.folder:q} > {log:q} 2>&1"


rule hits:
    input:
        relevance="results/{sample}/relevance.h5",
        patterns="results/{sample}/motifs/{target}/patterns.h5",
    output:
        bed="results/{sample}/hits/{target}.bed",
        summary="results/{sample}/hits/{target}.json",
    log:
        "logs/{sample}/hits.{target}.log",
    benchmark:
        "benchmark_runs/{sample}/hits.{target}.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000),
        runtime=minutes(120),
    params:
        options=command_options(
            {"--max-q": config["motifs"]["max_hit_q"], "--seed": config["seed"]}
        ),
        code=code_hash("motifs"),
    shell:
        "lrpgen hits {input.relevance:q} --patterns {input.patterns:q} --target {wildcards.target:q} {params.options}"
        " -o {output.bed:q} > {log:q} 2>&1"

# Seqlets, patterns, their names, logos and instances of one class; first-layer filters; what annotations say to it.


rule motifs:
    input:
        relevance="results/{sample}/relevance.h5",
        null="results/{sample}/null.h5",
        library=motif_library,
    output:
        names="results/{sample}/motifs/{target}/names.tsv",
        seqlets="results/{sample}/motifs/{target}/seqlets.bed",
        instances="results/{sample}/motifs/{target}/instances.bed",
        patterns="results/{sample}/motifs/{target}/patterns.tsv",
        matrices="results/{sample}/motifs/{target}/patterns.h5",
        modisco="results/{sample}/motifs/{target}/patterns.modisco.h5",
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
        options=motif_options(),
        code=code_hash("motifs", "plots"),
    shell:
        "lrpgen motifs {input.relevance:q} --null {input.null:q} --target {wildcards.target:q} {params.options}"
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
        options=hit_options(),
        code=code_hash("motifs"),
    shell:
        "lrpgen hits {input.relevance:q} --patterns {input.patterns:q} --target {wildcards.target:q} {params.options}"
        " -o {output.bed:q} > {log:q} 2>&1"


rule genome_hits:
    input:
        track="results/{sample}/tracks/{target}.relevance.bw",
        genome=sample_file("fasta"),
        patterns="results/{sample}/motifs/{target}/patterns.h5",
    output:
        bed="results/{sample}/hits/{target}.genome.bed",
        summary="results/{sample}/hits/{target}.genome.json",
    log:
        "logs/{sample}/genome_hits.{target}.log",
    benchmark:
        "benchmark_runs/{sample}/genome_hits.{target}.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000),
        runtime=minutes(240),
    params:
        options=hit_options(),
        code=code_hash("motifs"),
    shell:
        "lrpgen hits --track {input.track:q} --genome {input.genome:q} --patterns {input.patterns:q} {params.options}"
        " -o {output.bed:q} > {log:q} 2>&1"


rule filters:
    input:
        windows="results/{sample}/windows.h5",
        model="results/{sample}/model.safetensors",
        prune=prune_file,
    output:
        # Members of an ensemble have filters of their own: these are the first one's.
        folder=directory("results/{sample}/filters"),
    log:
        "logs/{sample}/filters.log",
    benchmark:
        "benchmark_runs/{sample}/filters.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(3000),
        runtime=minutes(60),
    params:
        options=filter_options,
        windows=explained_windows,
        allow_cpu=allow_cpu,
        code=code_hash("lrp", "motifs", "plots"),
    shell:
        "lrpgen filters --model {input.model:q} --windows {input.windows:q} {params.windows} {params.options}"
        " --optional --threads {threads} --gpus {resources.gpu} {params.allow_cpu} -o {output.folder:q} > {log:q} 2>&1"


rule enrich:
    input:
        track=enriched_file,
        annotation=sample_file("annotation"),
        genome=sample_file("fasta"),
    output:
        table="results/{sample}/enrichment/{target}.{what}.tsv",
        features="results/{sample}/enrichment/{target}.{what}.features.tsv",
    log:
        "logs/{sample}/enrich.{target}.{what}.log",
    benchmark:
        "benchmark_runs/{sample}/enrich.{target}.{what}.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        # Some 60 bytes per base of the longest contig, which nobody knows yet: enough for the longest human one.
        mem_mb=megabytes(16000),
        runtime=minutes(120),
    params:
        options=enrich_options,
        code=code_hash("motifs"),
    shell:
        "lrpgen enrich --relevance {input.track:q} --annotation {input.annotation:q} --genome {input.genome:q}"
        " {params.options} -o {output.table:q} > {log:q} 2>&1"

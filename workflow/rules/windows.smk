# FASTA (and BED) to labelled, split, one-hot encoded windows.


rule windows:
    input:
        fasta=sample_file("fasta"),
        bed=sample_file("bed"),
        negatives=sample_file("negatives"),
        labels=sample_file("labels"),
    output:
        windows=ensure("results/{sample}/windows.h5", non_empty=True),
    log:
        "logs/{sample}/windows.log",
    benchmark:
        "benchmark_runs/{sample}/windows.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000, per_input=4),
        runtime=minutes(30),
    params:
        options=windows_options,
        bed=optional("--bed", "bed"),
        negatives=optional("--negatives", "negatives"),
        labels=optional("--labels", "labels"),
        code=code_hash("sequences"),
    shell:
        "lrpgen windows {params.options} --fasta {input.fasta:q} {params.bed} {params.negatives}"
        " {params.labels}"
        " -o {output.windows:q} > {log:q} 2>&1"

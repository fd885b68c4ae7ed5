# FASTA (and BED) to labelled, split, one-hot encoded windows.


rule windows:
    input:
        fasta=sample_file("fasta"),
        bed=sample_file("bed"),
        negatives=sample_file("negatives"),
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
        bed=lambda wildcards, input: f"--bed {input.bed}" if input.bed else "",
        negatives=lambda wildcards, input: (
            f"--negatives {input.negatives}" if input.negatives else ""
        ),
        code=code_hash("sequences"),
    shell:
        "lrpgen windows {params.options} --fasta {input.fasta:q} {params.bed} {params.negatives}"
        " -o {output.windows:q} > {log:q} 2>&1"

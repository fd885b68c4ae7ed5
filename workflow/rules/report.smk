# One report per sample: a folder of pages that open from disk.


rule settings:
    output:
        settings="results/{sample}/settings.json",
    log:
        "logs/{sample}/settings.log",
    localrule: True
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    params:
        text=settings,
    shell:
        "printf '%s\\n' {params.text:q} > {output.settings:q} 2> {log:q}"


rule report:
    input:
        windows="results/{sample}/windows.h5",
        model="results/{sample}/model.safetensors",
        history=history_file,
        predictions="results/{sample}/predictions.tsv",
        metrics="results/{sample}/metrics.json",
        relevance="results/{sample}/relevance.h5",
        tracks=track_files,
        motifs=motif_summaries,
        settings="results/{sample}/settings.json",
        # What the page links to has to be there, or it would depend on the order of jobs.
        listed=lambda wildcards: results_of(wildcards.sample),
    output:
        pages=report(
            directory("results/{sample}/report"),
            htmlindex="index.html",
            caption="../report/page.rst",
            category="Report",
            labels={"sample": "{sample}", "file": "report"},
        ),
    log:
        "logs/{sample}/report.log",
    benchmark:
        "benchmark_runs/{sample}/report.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000, per_input=4, of="relevance"),
        runtime=minutes(30),
    params:
        folder=lambda wildcards, input: str(Path(input.windows).parent),
        title=lambda wildcards: config["report"]["title"] or wildcards.sample,
        code=code_hash("report", "plots", "motifs", "evaluate"),
    shell:
        "lrpgen report {params.folder:q} --config {input.settings:q} --title {params.title:q}"
        " -o {output.pages:q}/index.html > {log:q} 2>&1"

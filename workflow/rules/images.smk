# Images: `snakemake images` prepares, trains or loads, explains, evaluates and reports each sample of the section `images`.


rule images:
    input:
        expand("results/{images}/report", images=IMAGES["samples"]),
    localrule: True


rule prepare_images:
    input:
        source=image_file("source"),
    output:
        images=ensure("results/{images}/images.h5", non_empty=True),
    log:
        "logs/{images}/prepare_images.log",
    benchmark:
        "benchmark_runs/{images}/prepare_images.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000),
        runtime=minutes(60),
    params:
        options=image_options(
            "size",
            "crop",
            "mean",
            "std",
            "masks",
            "digit",
            "limit",
            "validation",
            "test",
        ),
        flags=prepare_flags,
        seed=config["seed"],
        code=code_hash("images"),
    shell:
        "lrpgen images prepare {input.source:q} {params.options} {params.flags} --seed {params.seed}"
        " -o {output.images:q} > {log:q} 2>&1"


rule train_images:
    input:
        images="results/{images}/images.h5",
    output:
        model=ensure("results/{images}/model.safetensors", non_empty=True),
        history="results/{images}/history.json",
    log:
        "logs/{images}/train_images.log",
    benchmark:
        "benchmark_runs/{images}/train_images.tsv"
    wildcard_constraints:
        images=images_where(lambda row: row["weights"] is None),
    conda:
        "../../envs/lrpgen.yaml"
    threads: 2
    resources:
        gpu=0,
        mem_mb=megabytes(4000),
        runtime=minutes(240),
    params:
        network=image_options("architecture"),
        settings=network_settings,
        options=image_options(
            "epochs", "batch_size", "learning_rate", "patience", section="train"
        ),
        seed=config["seed"],
        allow_cpu=allow_cpu,
        code=code_hash("images", "models"),
    shell:
        "lrpgen images train {input.images:q} {params.network} {params.settings} {params.options} --seed {params.seed}"
        " --threads {threads} --gpus {resources.gpu} {params.allow_cpu}"
        " -o {output.model:q} --history {output.history:q} > {log:q} 2>&1"


rule initial_images_model:
    # Initial weights: a network of the true shape that has learnt nothing, for times, memory and ledgers.
    input:
        images="results/{images}/images.h5",
    output:
        model=ensure("results/{images}/model.safetensors", non_empty=True),
    log:
        "logs/{images}/initial_images_model.log",
    wildcard_constraints:
        images=images_where(lambda row: row["weights"] == "random"),
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(4000),
        runtime=minutes(30),
    params:
        network=image_options("architecture"),
        settings=network_settings,
        seed=config["seed"],
        code=code_hash("images", "models"),
    shell:
        "lrpgen images initial {input.images:q} {params.network} {params.settings} --seed {params.seed}"
        " -o {output.model:q} > {log:q} 2>&1"


rule load_images_model:
    input:
        weights=image_file("weights"),
    output:
        model=ensure("results/{images}/model.safetensors", non_empty=True),
    log:
        "logs/{images}/load_images_model.log",
    wildcard_constraints:
        images=images_where(lambda row: row["weights"] not in (None, "random")),
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(4000),
        runtime=minutes(30),
    params:
        code=code_hash("images", "models"),
    shell:
        "lrpgen models convert {input.weights:q} -o {output.model:q} > {log:q} 2>&1"


rule explain_images:
    input:
        images="results/{images}/images.h5",
        model="results/{images}/model.safetensors",
    output:
        folder=report(
            directory("results/{images}/explained"),
            patterns=["{file}.svg"],
            caption="../report/images.rst",
            category="Images",
            labels={"sample": "{images}", "file": "{file}"},
        ),
    log:
        "logs/{images}/explain_images.log",
    benchmark:
        "benchmark_runs/{images}/explain_images.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(4000),
        runtime=minutes(120),
    params:
        methods=image_methods("explain"),
        options=image_options("inputs", "target", "batch_size", section="explain"),
        seed=config["seed"],
        allow_cpu=allow_cpu,
        code=code_hash("images", "lrp", "evaluate", "models", "plots"),
    shell:
        "lrpgen images explain {input.model:q} {input.images:q} --methods {params.methods} {params.options}"
        " --seed {params.seed} --threads {threads} --gpus {resources.gpu} {params.allow_cpu}"
        " -o {output.folder:q} > {log:q} 2>&1"


rule evaluate_images:
    input:
        images="results/{images}/images.h5",
        model="results/{images}/model.safetensors",
    output:
        folder=report(
            directory("results/{images}/evaluation"),
            patterns=["{file}.svg", "{file}.tsv"],
            caption="../report/images.rst",
            category="Images",
            labels={"sample": "{images}", "file": "{file}"},
        ),
    log:
        "logs/{images}/evaluate_images.log",
    benchmark:
        "benchmark_runs/{images}/evaluate_images.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(4000),
        runtime=minutes(240),
    params:
        methods=image_methods("evaluate"),
        options=image_options(
            "inputs", "steps", "draws", "checks", "timed", section="evaluate"
        ),
        target=image_options("target", section="explain"),
        seed=config["seed"],
        allow_cpu=allow_cpu,
        code=code_hash("images", "lrp", "evaluate", "models", "plots"),
    shell:
        "lrpgen images evaluate {input.model:q} {input.images:q} --methods {params.methods} {params.options}"
        " {params.target} --seed {params.seed} --threads {threads} --gpus {resources.gpu} {params.allow_cpu}"
        " -o {output.folder:q} > {log:q} 2>&1"


rule network_images:
    input:
        images="results/{images}/images.h5",
        model="results/{images}/model.safetensors",
    output:
        folder=directory("results/{images}/network"),
    log:
        "logs/{images}/network_images.log",
    benchmark:
        "benchmark_runs/{images}/network_images.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=megabytes(6000),
        runtime=minutes(240),
    params:
        options=image_options(
            "composite",
            "inputs",
            "split",
            "channels",
            "draws",
            "batch_size",
            section="neurons",
        ),
        seed=config["seed"],
        allow_cpu=allow_cpu,
        code=code_hash("images", "lrp", "models", "neurons", "plots"),
    shell:
        "lrpgen neurons --model {input.model:q} --windows {input.images:q} {params.options} --seed {params.seed}"
        " --threads {threads} --gpus {resources.gpu} {params.allow_cpu} -o {output.folder:q} > {log:q} 2>&1"


rule report_images:
    input:
        images="results/{images}/images.h5",
        model="results/{images}/model.safetensors",
        listed=image_results,
    output:
        pages=report(
            directory("results/{images}/report"),
            htmlindex="index.html",
            caption="../report/images.rst",
            category="Report",
            labels={"sample": "{images}", "file": "report"},
        ),
    log:
        "logs/{images}/report_images.log",
    benchmark:
        "benchmark_runs/{images}/report_images.tsv"
    conda:
        "../../envs/lrpgen.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000),
        runtime=minutes(30),
    params:
        folder=lambda wildcards: f"results/{wildcards.images}",
        title=lambda wildcards: f"Images: {wildcards.images}",
        code=code_hash("report", "plots", "images", "evaluate"),
    shell:
        "lrpgen report {params.folder:q} --title {params.title:q} -o {output.pages:q}/index.html > {log:q} 2>&1"

# The comparison of methods: every scenario and seed a job, then one table. `make bench-quality` runs the small setting;
#   snakemake -s benchmarks/quality.smk --workflow-profile profiles/slurm --config setting=full
# the full one on a cluster (hours: every method, 500 inputs, five seeds, three models each).
import sys

sys.path.insert(0, str(Path(workflow.basedir)))
from quality_scenarios import SCENARIOS

SETTING = config.get("setting", "small")
GRAMMARS = {path.stem for path in Path(workflow.basedir, "grammars").glob("*.yaml")}


def seeds(scenario):
    """Of a grammar every seed is another genome; elsewhere the seed is that of training."""
    if SETTING == "full":
        return [1, 2, 3, 4, 5]
    return [1, 2] if scenario in GRAMMARS else [1]


RUNS = [
    f"results/quality/{SETTING}/{scenario}.{seed}"
    for scenario in SCENARIOS
    for seed in seeds(scenario)
]


rule joined:
    input:
        RUNS,
    output:
        f"results/quality/{SETTING}.json",
    log:
        f"logs/quality/{SETTING}.log",
    shell:
        "python {workflow.basedir}/quality_joined.py {input} -o {output} > {log} 2>&1"


rule scenario:
    output:
        directory("results/quality/{setting}/{scenario}.{seed}"),
    log:
        "logs/quality/{setting}/{scenario}.{seed}.log",
    wildcard_constraints:
        seed=r"\d+",
    threads: 1
    resources:
        mem_mb=8000,
        runtime=lambda wildcards: 60 if wildcards.setting == "small" else 1200,
    shell:
        "python {workflow.basedir}/quality.py {wildcards.scenario} {wildcards.seed} --setting {wildcards.setting}"
        " -o {output} > {log} 2>&1"

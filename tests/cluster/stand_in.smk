# A workflow that costs nothing, with the real one's resources: what happens to its jobs happens to those.
from pathlib import Path


include: config["options"]


rule all:
    default_target: True
    input:
        "cancelled.txt",
        "overtime.txt",
        "drained.txt",
    localrule: True


# The first attempt of these two sleeps until somebody ends it.
rule cancelled:
    output:
        "cancelled.txt",
    resources:
        mem_mb=megabytes(100),
        runtime=minutes(5),
    shell:
        "test {resources.mem_mb} -gt 100 || sleep 400; echo {resources.mem_mb} > {output}"


rule overtime:
    output:
        "overtime.txt",
    resources:
        mem_mb=megabytes(100),
        runtime=minutes(1),
    shell:
        "test {resources.runtime} -gt 1 || sleep 400; echo {resources.runtime} > {output}"


# Its result seems older than its input, as if the clock of its node went an hour behind.
rule drained:
    input:
        "start.txt",
    output:
        "drained.txt",
    resources:
        gpu=1,
        slurm_partition="gpu",
        partition="gpu",
        mem_mb=100,
        runtime=5,
    shell:
        "echo ${{CUDA_VISIBLE_DEVICES-none}} > {output}; touch -d '1 hour ago' {output}"

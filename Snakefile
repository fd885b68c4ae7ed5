# lrpgen: from DNA to the bases that mattered. `snakemake --cores all` runs the embedded default.
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/files.smk"
include: "workflow/rules/options.smk"
include: "workflow/rules/windows.smk"
include: "workflow/rules/model.smk"
include: "workflow/rules/explain.smk"
include: "workflow/rules/motifs.smk"
include: "workflow/rules/neurons.smk"
include: "workflow/rules/merge.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/image_options.smk"
include: "workflow/rules/images.smk"


rule all:
    default_target: True
    input:
        final_output,
    localrule: True

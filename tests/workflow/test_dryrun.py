"""What Snakemake would do, and what it says when the configuration or the sheet is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from workflow_setting import CONFIG, run

pytestmark = pytest.mark.workflow
HEADER = "sample\tsource\tfasta\tbed\tnegatives\ttarget\n"


def planned(text: str) -> dict[str, int]:
    """Jobs per rule from the table that a dry run prints last."""
    return {rule: int(jobs) for rule, jobs in re.findall(r"^(\w+) +(\d+)$", text, flags=re.MULTILINE)}


def sentence(text: str) -> str:
    """The one line under `WorkflowError`."""
    found = re.search(r"^WorkflowError.*:\n(.+)$", text, flags=re.MULTILINE)
    assert found, text
    return found[1]


def test_default_plans_every_step(repository: Path) -> None:
    done = run(repository, "--dry-run", "--cores", "2")
    assert done.returncode == 0, done.stdout
    jobs = planned(done.stdout)
    assert jobs["motifs"] == 2  # donor and acceptor
    assert jobs["merge"] == 1
    assert (jobs["explain_windows"], jobs["explain_tiles"]) == (2, 4)
    assert (jobs["filters"], jobs["genome_hits"], jobs["enrich"]) == (1, 1, 2)  # enrichment of the track and of hits
    assert {"windows", "train", "predict", "gather", "tracks", "report", "all"} <= set(jobs)
    assert not {"choose_prune", "evaluate_methods"} & set(jobs)  # the share is given, evaluation is asked for
    assert "profiles/default" in done.stdout  # picked up by itself


def test_fasta_example_has_no_tracks(repository: Path) -> None:
    done = run(repository, "--dry-run", "--cores", "2", "--configfile", "config/fasta/config.yaml")
    assert done.returncode == 0, done.stdout
    jobs = planned(done.stdout)
    assert jobs["windows"] == jobs["motifs"] == 1
    assert not {"tracks", "explain_tiles", "genome_hits", "enrich"} & set(jobs)


def test_annotation_and_filters_reach_the_commands(setting: Callable[..., Path]) -> None:
    folder = setting(genes="splice-sites")
    more = {"filters": {"share": 0.5, "logos": 3}, "enrich": {"promoter": 50, "shifts": 9, "value": "positive"}}
    (folder / "config.yaml").write_text(yaml.safe_dump({**CONFIG, **more}))
    done = run(folder, "--dry-run", "--printshellcmds", "--cores", "2", "--configfile", "config.yaml")
    assert done.returncode == 0, done.stdout
    (line,) = [line for line in done.stdout.splitlines() if "lrpgen filters" in line]
    assert "--labels donor,acceptor" in line
    assert "--share 0.5 --logos 3 --optional" in line
    track, found = sorted(line for line in done.stdout.splitlines() if "lrpgen enrich" in line)[::-1]
    assert "--relevance results/genes/tracks/donor.relevance.bw --annotation genes.bed --genome genome.fa" in track
    assert "--promoter 50 --shifts 9 --seed 1 --value positive" in track
    assert "--relevance results/genes/hits/donor.genome.bed" in found
    assert "--by-name" in found
    assert "--value" not in found


def test_filters_can_be_left_out_and_the_background_has_no_hits(setting: Callable[..., Path]) -> None:
    folder = setting(genes="splice-sites")
    sheet = (folder / "samples.tsv").read_text().replace("\tdonor", "\tdecoy")
    (folder / "samples.tsv").write_text(sheet)
    (folder / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "filters": {"run": False}}))
    done = run(folder, "--dry-run", "--cores", "2", "--configfile", "config.yaml")
    assert done.returncode == 0, done.stdout
    jobs = planned(done.stdout)
    assert jobs["tracks"] == jobs["enrich"] == 1
    assert not {"filters", "genome_hits"} & set(jobs)


def test_small_setting_is_the_default_made_small(repository: Path) -> None:
    done = run(repository, "--dry-run", "--cores", "2", "--configfile", "config/test/config.yaml")
    assert done.returncode == 0, done.stdout
    assert planned(done.stdout)["explain_tiles"] == 2


def test_several_samples_in_one_run(setting: Callable[..., Path]) -> None:
    folder = setting(genes="splice-sites", peaks="regions", own="sequences")
    done = run(folder, "--dry-run", "--cores", "2", "--configfile", "config.yaml")
    assert done.returncode == 0, done.stdout
    jobs = planned(done.stdout)
    assert jobs["windows"] == jobs["train"] == jobs["report"] == 3
    assert jobs["tracks"] == 1
    assert jobs["motifs"] == 4  # donor and acceptor, positive, positive
    assert jobs["merge"] == jobs["merge_samples"] == 1  # only genes has two classes


def test_merging_patterns_can_be_left_out(setting: Callable[..., Path]) -> None:
    folder = setting(genes="splice-sites", own="sequences")
    (folder / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "motifs": {"merge": False}}))
    done = run(folder, "--dry-run", "--cores", "2", "--configfile", "config.yaml")
    assert done.returncode == 0, done.stdout
    assert not {"merge", "merge_samples"} & set(planned(done.stdout))


def test_models_that_were_loaded_are_not_trained(repository: Path) -> None:
    done = run(repository, "--dry-run", "--cores", "2", "--configfile", "config/mmsplice.yaml")
    assert done.returncode == 0, done.stdout
    jobs = planned(done.stdout)
    assert jobs["load_model"] == jobs["windows"] == jobs["report"] == 2
    assert not {"train", "baseline"} & set(jobs)


def test_arguments_of_the_network_reach_the_command(setting: Callable[..., Path]) -> None:
    folder = setting(own="sequences")
    model = {"architecture": "resnet1d", "settings": {"filters": [8, 16], "rc": "share", "dropout": 0.5}}
    (folder / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "model": {**model, "augment_rc": True}}))
    done = run(folder, "--dry-run", "--printshellcmds", "--cores", "2", "--configfile", "config.yaml")
    assert done.returncode == 0, done.stdout
    (line,) = [line for line in done.stdout.splitlines() if "lrpgen train" in line]
    assert "--set dropout=0.5 --set 'filters=[8, 16]' --set rc=share --augment-rc" in line


def test_a_share_that_is_chosen_reaches_every_command_that_prunes(setting: Callable[..., Path]) -> None:
    folder = setting(genes="splice-sites")
    prune = {"positive": "auto", "negative": 0.1}
    (folder / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "explain": {"prune": prune}}))
    options = ("--printshellcmds", "--cores", "2", "--configfile", "config.yaml")
    done = run(folder, "--dry-run", *options)
    assert done.returncode == 0, done.stdout
    assert planned(done.stdout)["choose_prune"] == 1
    (line,) = [line for line in done.stdout.splitlines() if "lrpgen prune" in line]
    assert "--windows results/genes/windows.h5 --labels donor,acceptor --composite epsilon --prune-negative 0.1" in line
    assert "--prune-positive" not in line
    lines = [line for line in done.stdout.splitlines() if "lrpgen explain" in line or "lrpgen filters" in line]
    assert len(lines) == 2 + 1 + 2 + 1  # windows, shuffles, tiles, filters
    assert all("--prune-positive results/genes/prune.json --prune-negative 0.1" in line for line in lines)
    done = run(folder, "calibrate", "--dry-run", *options)
    assert planned(done.stdout)["choose_prune"] == 1


def evaluations(text: str) -> dict[str, str]:
    """Sample -> its command line of `lrpgen evaluate`."""
    lines = (line for line in text.splitlines() if "lrpgen evaluate " in line)
    return {re.findall(r"results/([\w-]+)/evaluation", line)[0]: line for line in lines}


def test_evaluation_is_run_when_asked_for(setting: Callable[..., Path]) -> None:
    folder = setting(genes="splice-sites", peaks="regions", own="sequences")
    header, genes, peaks, own = (folder / "samples.tsv").read_text().splitlines()
    rows = [f"{header}\ttruth", genes, f"{peaks}\tpeaks.bed", own]
    (folder / "samples.tsv").write_text("\n".join(rows) + "\n")
    options = ("--dry-run", "--printshellcmds", "--cores", "2", "--configfile", "config.yaml")
    done = run(folder, "evaluate", *options)
    assert done.returncode == 0, done.stdout
    jobs = {rule: planned(done.stdout)[rule] for rule in ("windows", "train", "evaluate_methods", "evaluate")}
    assert jobs == {"windows": 3, "train": 3, "evaluate_methods": 3, "evaluate": 1}
    assert not {"explain_windows", "report"} & set(planned(done.stdout))
    found = evaluations(done.stdout)
    of = "--model results/genes/model.safetensors --windows results/genes/windows.h5 --labels donor,acceptor --truth sites"
    assert of in found["genes"]
    assert "--labels positive --truth peaks.bed" in found["peaks"]
    assert "--truth" not in found["own"]
    usual = "--split test --inputs 200 --draws 2 --steps 20 --checks 64 --seed 1"
    assert all(usual in line and "--methods" not in line for line in found.values())


def test_evaluation_as_part_of_a_run_with_its_settings(setting: Callable[..., Path]) -> None:
    folder = setting(genes="splice-sites")
    methods = ["epsilon", "plrp-lambda:0.25:epsilon", "gradient*input"]
    section = {
        "run": True,
        "methods": methods,
        "inputs": 20,
        "split": "validation",
        "draws": 1,
        "steps": 4,
        "checks": 0,
    }
    config = {**CONFIG, "evaluate": section, "model": {"members": 2}, "explain": {"allow_cpu": True}, "seed": 3}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    options = ("--printshellcmds", "--cores", "2", "--configfile", "config.yaml")
    done = run(folder, "--dry-run", *options, "--set-resources", "evaluate_methods:gpu=1")
    assert done.returncode == 0, done.stdout
    assert planned(done.stdout)["evaluate_methods"] == 1
    (line,) = evaluations(done.stdout).values()
    models = [f"--model results/genes/{name}.safetensors" for name in ("model", "members/2")]
    assert " ".join(models) in line
    assert "--methods 'epsilon plrp-lambda:0.25:epsilon gradient*input' --split validation --inputs 20" in line
    assert (
        "--draws 1 --steps 4 --checks 0 --seed 3 --threads 1 --gpus 1 --allow-cpu -o results/genes/evaluation" in line
    )
    report = re.search(r"rule report:\n +input: (.+)", done.stdout)
    assert report
    assert "results/genes/evaluation" in report[1]  # what the page lists is there before it


def test_models_that_were_loaded_are_evaluated_on_the_one_part_there_is(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("evaluate: {split: validation}\n")
    files = ("config/mmsplice.yaml", "more.yaml")
    done = run(repository, "evaluate", "--dry-run", "--printshellcmds", "--cores", "2", "--configfile", *files)
    assert done.returncode == 0, done.stdout
    found = evaluations(done.stdout)
    assert set(found) == {"mmsplice-acceptor", "mmsplice-donor"}
    assert all("--split test" in line and "--truth sites" in line for line in found.values())
    assert "--labels donor --truth" in found["mmsplice-donor"]


def test_members_of_an_ensemble_are_trained_beside_each_other(setting: Callable[..., Path]) -> None:
    folder = setting(own="sequences")
    (folder / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "model": {"members": 3}}))
    done = run(folder, "--dry-run", "--cores", "2", "--configfile", "config.yaml")
    assert done.returncode == 0, done.stdout
    assert (planned(done.stdout)["train"], planned(done.stdout)["train_member"]) == (1, 2)


def test_default_says_what_the_schema_says(repository: Path) -> None:
    """A run without any config file fills in the same values as the file that spells them out."""
    schema = yaml.safe_load((repository / "workflow/schemas/config.schema.yaml").read_text())
    written = yaml.safe_load((repository / "config/config.yaml").read_text())
    del written["report"]

    def defaults(part: dict[str, Any]) -> Any:
        if "properties" not in part:
            return part["default"]
        return {name: defaults(below) for name, below in part["properties"].items()}

    def same(mine: dict[str, Any], theirs: dict[str, Any], place: str = "") -> None:
        for name, value in mine.items():
            if isinstance(value, dict):
                same(value, theirs[name], f"{place}{name}.")
            else:
                assert value == theirs[name], f"{place}{name}"

    same(written, defaults(schema))


def test_every_key_is_described(repository: Path) -> None:
    readme = (repository / "config/README.md").read_text()

    def visit(part: dict[str, Any], place: str) -> None:
        assert part["description"], place
        assert "default" in part or not place, place
        if "properties" not in part:
            assert f"| `{place}` |" in readme, f"config/README.md does not list {place}"
            return
        assert part["additionalProperties"] is False, place
        for name, below in part["properties"].items():
            visit(below, f"{place}.{name}" if place else name)

    visit(yaml.safe_load((repository / "workflow/schemas/config.schema.yaml").read_text()), "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"modle": {}}, "config: 'modle' is not a known key; did you mean model?"),
        ({"model": {"epoch": 3}}, "config: 'model.epoch' is not a known key; did you mean epochs?"),
        ({"explain": {"prune": {"share": 0.1}}}, "'explain.prune.share' is not a known key; known here: positive,"),
        (
            {"explain": {"prune": {"positive": "some"}}},
            "'explain.prune.positive' is 'some', which does not fit: Share of",
        ),
        ({"explain": {"prune": {"positive": "auto"}}, "windows": {"split": "none"}}, "needs a validation part, and"),
        ({"evaluate": {"inputs": 1}}, "config: 'evaluate.inputs' does not fit: 1 is less than the minimum of 2."),
        (
            {"evaluate": {"methods": ["ism epsilon"]}},
            "'evaluate.methods.0' is 'ism epsilon', which does not fit: A name",
        ),
        ({"evaluate": {"methods": []}}, "config: 'evaluate.methods' does not fit: []"),
        ({"evaluate": {"split": "dev"}}, "config: 'evaluate.split' does not fit: 'dev' is not one of"),
        ({"model": {"epochs": "many"}}, "config: 'model.epochs' is 'many' but must be of type integer."),
        ({"model": None}, "config: 'model' is None but must be of type object."),
        ({"tracks": {"stride": 0}}, "config: 'tracks.stride' does not fit: 0 is less than the minimum of 1."),
        ({"model": {"loading": {"layout": 1}}}, "'model.loading.layout' is 1 but must be of type string or null."),
        ({"windows": {"split": "chance"}}, "config: 'windows.split' does not fit: 'chance' is not one of"),
        ({"samples": "nowhere.tsv"}, "the sample sheet nowhere.tsv cannot be read (No such file or directory);"),
    ],
)
def test_wrong_config(setting: Callable[..., Path], change: dict[str, Any], said: str) -> None:
    folder = setting(own="sequences")
    (folder / "config.yaml").write_text(yaml.safe_dump({**CONFIG, **change}))
    done = run(folder, "--dry-run", "--cores", "1", "--configfile", "config.yaml")
    assert done.returncode != 0
    assert said in sentence(done.stdout)


MORE = "sample\tsource\tfasta\tlabels\ttask\toutput\tmodel\n"
OWN = "own\tsequences\tpositives.fa\t\t\t\n"


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        (HEADER + OWN + "# a comment\n" + OWN, "samples.tsv:4: sample 'own' stands in the sheet twice;"),
        (HEADER, "samples.tsv: no sample in the sheet;"),
        ("", "samples.tsv: no sample in the sheet;"),
        (HEADER.replace("fasta", "fastq") + OWN, "samples.tsv:2: 'fastq' is not a known column; did you mean fasta?"),
        ("sample\tfasta\nown\tpositives.fa\n", "samples.tsv:2: a column is missing: 'source' is a required property."),
        (HEADER.replace("\t", ",") + OWN.replace("\t", ","), "is not a known column; known here: sample, source,"),
        (HEADER + OWN.replace("sequences", "reads"), "samples.tsv:2: 'source' does not fit: 'reads' is not one of"),
        (HEADER + OWN.replace("own", "my own"), "samples.tsv:2: 'sample' is 'my own', which does not fit: Name of"),
        (HEADER + OWN.replace("positives", "nothing"), "samples.tsv:2: fasta nothing.fa does not exist;"),
        (HEADER + OWN.replace("own", "merged", 1), "samples.tsv:2: results/merged holds the patterns of all samples"),
        (HEADER + "own\tsequences\n", "samples.tsv:2: source sequences needs the column 'fasta';"),
        (HEADER + "a\tregions\tgenome.fa\n", "samples.tsv:2: source regions needs the column 'bed';"),
        (HEADER + "a\tsequences\tpositives.fa\tpeaks.bed\n", "samples.tsv:2: the column 'bed' means nothing to source"),
        (HEADER + "a\tregions\tgenome.fa\tpeaks.bed\t\tdonor\n", "samples.tsv:2: target 'donor' is no class of source"),
        (
            MORE + "a\tsequences\tpositives.fa\tgenome.fa\n",
            "samples.tsv:2: the column 'labels' needs 'task' beside it;",
        ),
        (MORE + "a\tsequences\tpositives.fa\tgenome.fa\tlabels\n", "the column 'labels' needs 'output' beside it;"),
        (
            HEADER.replace("target", "annotation") + "a\tregions\tgenome.fa\tpeaks.bed\t\tgenes.bed\n",
            "samples.tsv:2: the column 'annotation' needs 'target' beside it;",
        ),
        (
            HEADER.replace("target", "truth") + "a\tregions\tgenome.fa\tpeaks.bed\t\tsites\n",
            "samples.tsv:2: truth sites does not exist; paths start at",
        ),
        (MORE + "a\tsequences\tpositives.fa\t\t\t\tnone.h5\n", "samples.tsv:2: model none.h5 does not exist;"),
        (MORE + "a\tsequences\tpositives.fa\t\tcounts\n", "samples.tsv:2: 'task' does not fit: 'counts' is not one of"),
        (HEADER + OWN.rstrip("\n") + "\tmore\n", "samples.tsv:2: 7 columns, but the header names 6."),
    ],
)
def test_wrong_sheet(setting: Callable[..., Path], sheet: str, said: str) -> None:
    folder = setting(own="sequences")
    (folder / "samples.tsv").write_text(sheet)
    done = run(folder, "--dry-run", "--cores", "1", "--configfile", "config.yaml")
    assert done.returncode != 0
    assert said in sentence(done.stdout)


def test_lrpgen_not_on_path(setting: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import workflow_setting

    folder = setting(own="sequences")
    monkeypatch.setattr(workflow_setting, "environment", lambda: {"PATH": "/usr/bin:/bin", "HOME": str(folder)})
    done = run(folder, "--dry-run", "--cores", "1", "--configfile", "config.yaml")
    assert done.returncode != 0
    assert "the command lrpgen is not on PATH; activate the environment" in sentence(done.stdout)


def test_lint_finds_nothing(repository: Path) -> None:
    done = run(repository, "--lint")
    assert done.returncode == 0, done.stdout
    assert "good condition" in done.stdout


def test_module_of_another_workflow(setting: Callable[..., Path]) -> None:
    from workflow_setting import ROOT

    folder = setting(own="sequences")
    (folder / "Snakefile").write_text(
        f"module lrpgen:\n    snakefile: {str(ROOT / 'Snakefile')!r}\n    config: {CONFIG!r}\n\n"
        "use rule * from lrpgen as lrpgen_*\n"
    )
    done = run(folder, "--snakefile", "Snakefile", "--dry-run", "--cores", "1")
    assert done.returncode == 0, done.stdout
    assert planned(done.stdout)["lrpgen_train"] == 1


def test_a_job_is_told_of_its_gpus(repository: Path, tmp_path: Path) -> None:
    """And may only compute without them where the config says so."""
    (tmp_path / "allowed.yaml").write_text("explain:\n  allow_cpu: true\n")
    gpu = ["--set-resources", "explain_tiles:gpu=1"]
    for config, flag in (([], False), (["--configfile", str(tmp_path / "allowed.yaml")], True)):
        shown = run(repository, "-n", "-p", "--forceall", *gpu, *config)
        assert shown.returncode == 0, shown.stdout
        lines = [line for line in shown.stdout.splitlines() if "lrpgen explain" in line]
        assert {("--genome" in line, "--gpus 1 " in line) for line in lines} == {(True, True), (False, False)}
        assert all(("--allow-cpu" in line) is flag for line in lines)

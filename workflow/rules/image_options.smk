# The section `images` of the configuration, and what the rules for images ask of it.
import yaml

from snakemake.logging import logger

IMAGES_DEFAULT = "config/images.yaml"


def images_section():
    """The section `images` of the configuration, checked; without one that of the default file, if that is there."""
    section, place = config["images"], "config: images"
    asked = section is not None
    if not asked and Path(IMAGES_DEFAULT).is_file():
        section, place = (
            yaml.safe_load(Path(IMAGES_DEFAULT).read_text())["images"],
            IMAGES_DEFAULT,
        )
    if section is None:
        return {"samples": {}}
    check(section, "../schemas/images.schema.yaml", place, "key")
    for name, row in list(section["samples"].items()):
        if name in SAMPLES or name == "merged":
            raise WorkflowError(
                f"{place}: {name!r} is also a sample of DNA or of the workflow; give every sample a name of its own."
            )
        if missing := missing_file(row):
            text = f"{place}: sample {name}: {missing} does not exist; {row['get'] or 'check the path'}"
            if asked and not row["optional"]:
                raise WorkflowError(f"{text}.")
            if asked:
                logger.info(f"left out: {text}")
            del section["samples"][name]
    return section


def missing_file(row):
    """The source or the weights of an image sample that are not there; None if all are."""
    weights = row["weights"] if row["weights"] != "random" else None
    files = [row["source"], weights]
    return next((path for path in files if path and not Path(path).exists()), None)


IMAGES = images_section()


def images_where(fits):
    """A wildcard's pattern for the image samples whose row fits."""
    return chosen(name for name, row in IMAGES["samples"].items() if fits(row))


wildcard_constraints:
    images=images_where(lambda row: True),


def image_file(column):
    """Input function: the file or folder that an image sample names in `column`."""
    return lambda wildcards: IMAGES["samples"][wildcards.images][column]


def image_options(*names, section=None):
    """Function of the wildcards: keys of an image sample's row, or of a section, as options of the same name."""

    def find(wildcards):
        row = IMAGES[section] if section else IMAGES["samples"][wildcards.images]
        return command_options({f"--{n.replace('_', '-')}": row[n] for n in names})

    return find


def prepare_flags(wildcards):
    return "--textures" if IMAGES["samples"][wildcards.images]["textures"] else ""


def network_settings(wildcards):
    """`--set name=value` for every further argument of the network."""
    settings = IMAGES["samples"][wildcards.images]["settings"].items()
    return " ".join(f"--set {shlex.quote(f'{k}={json.dumps(v)}')}" for k, v in settings)


def image_methods(section):
    return lambda wildcards: shlex.quote(" ".join(IMAGES[section]["methods"]))


def image_results(wildcards):
    """What the report is about, beside the images and the model."""
    folder = f"results/{wildcards.images}"
    evaluated = [f"{folder}/evaluation"] if IMAGES["evaluate"]["run"] else []
    looked_at = [f"{folder}/network"] if IMAGES["neurons"]["run"] else []
    trained = IMAGES["samples"][wildcards.images]["weights"] is None
    return [
        f"{folder}/explained",
        *evaluated,
        *looked_at,
        *([f"{folder}/history.json"] if trained else []),
    ]

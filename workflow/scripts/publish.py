"""Write the bundle of this machine, as a folder and as one zip."""

from pathlib import Path

import yaml

from rnnbench.bundle import Bundle, publishable
from rnnbench.job import logged
from rnnbench.records import read_record

with logged(snakemake.log[0]):
    settings = snakemake.params
    files = {
        str(Path(path).relative_to("results")): Path(path).read_bytes() for path in snakemake.input
    }
    files["config.yaml"] = yaml.safe_dump(settings.config, sort_keys=False).encode()
    files["requirements.lock"] = Path(settings.lock).read_bytes()
    texts = [read_record(path) for path in snakemake.input.corpora]
    inputs = {text["corpus"]: text["raw_sha256"] for text in texts}
    made = Bundle.make(settings.machine, publishable(files), settings.source, inputs)
    made.write_folder(settings.folder)
    made.write_zip(f"{settings.folder}.zip")

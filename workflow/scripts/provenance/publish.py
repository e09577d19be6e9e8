"""Write the bundle of this machine, as a folder and as one zip; of its tokens the hashes alone."""

from rnnbench.provenance.script import recorded

import hashlib
from pathlib import Path

import yaml
from rnnbench.base.files import read_record
from rnnbench.provenance import environments, signature
from rnnbench.provenance.bundle import Bundle, publishable

with recorded(snakemake):
    settings, hashed = snakemake.params, snakemake.params.tokens
    held = [Path(path) for path in snakemake.input if path not in hashed.values()]
    files = {str(path.relative_to("results")): path.read_bytes() for path in held}
    files["config.yaml"] = yaml.safe_dump(settings.config, sort_keys=False).encode()
    files["requirements.lock"] = Path(settings.lock).read_bytes()
    texts = [read_record(path) for path in held if path.parent.name == "corpus"]
    inputs = {text["corpus"]: text["raw_sha256"] for text in texts}
    for name, path in hashed.items():
        inputs[name] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    jobs = [Path("results/provenance") / f"{name}.json" for name in files]
    files |= {str(path.relative_to("results")): path.read_bytes() for path in jobs if path.exists()}
    bound = publishable(environments.required(files))
    made = Bundle.make(settings.machine, bound, settings.source["sha256"], inputs)
    signature.signed(made, settings.key).publish(settings.folder)

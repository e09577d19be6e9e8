# The suite and its locked environment: docker build --tag rnnbench .
# Results are written into the folder that is mounted at /study, with Snakemake's records of them,
# as whatever user; as number 1000 where none is named. The base image is python:3.11.16-slim-bookworm
# by its digest; for the latest one: --build-arg BASE=python:3.11-slim-bookworm
# CPU builds of torch: --build-arg PIP_EXTRA_INDEX_URL=..., the place that has them.
ARG BASE=python@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
FROM ${BASE}

RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ git make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /rnnbench
COPY Makefile pyproject.toml requirements.lock README.md LICENSE ./
COPY src src
ARG PIP_EXTRA_INDEX_URL
# Compiled here: whoever runs it may write nothing beside the source, and each job would do it anew.
RUN PIP_NO_CACHE_DIR=1 make .venv/ready && .venv/bin/python -m compileall -q src

COPY Snakefile environment.yml CITATION.cff ./
COPY workflow workflow
COPY profiles profiles
COPY config config

# A user whose number stands in no list has neither name nor home.
ENV PATH=/rnnbench/.venv/bin:$PATH HOME=/tmp LOGNAME=rnnbench
WORKDIR /study
RUN chmod 1777 /study
USER 1000:1000
ENTRYPOINT ["snakemake", "--snakefile", "/rnnbench/Snakefile"]
CMD ["--cores", "all"]

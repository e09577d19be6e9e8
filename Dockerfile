# The suite and its locked environment: docker build --tag rnnbench .
# Results are written into the folder that is mounted at /study, as whatever user.
# CPU builds of torch: --build-arg PIP_EXTRA_INDEX_URL=..., the place that has them.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ git make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /rnnbench
COPY Makefile pyproject.toml requirements.lock README.md LICENSE ./
COPY src src
ARG PIP_EXTRA_INDEX_URL
RUN make .venv/ready

COPY Snakefile environment.yml CITATION.cff ./
COPY workflow workflow
COPY profiles profiles
COPY config config

# For --user: one whose number stands in no list of users has neither name nor home.
ENV PATH=/rnnbench/.venv/bin:$PATH HOME=/tmp LOGNAME=rnnbench
WORKDIR /study
RUN chmod 1777 /study
ENTRYPOINT ["snakemake", "--snakefile", "/rnnbench/Snakefile"]
CMD ["--cores", "all"]

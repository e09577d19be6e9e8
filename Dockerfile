# The suite and its locked environment: docker build --tag rnnbench .
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

ENV PATH=/rnnbench/.venv/bin:$PATH
ENTRYPOINT ["snakemake"]
CMD ["--cores", "all"]

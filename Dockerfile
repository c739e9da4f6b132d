# All that a run needs, from requirements/run.lock: `docker build -t fcn .`, and see docs/cluster.md.
FROM python:3.12-slim-bookworm

# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/*

ENV PIP_NO_CACHE_DIR=1 LC_ALL=C.UTF-8
# Where PyTorch comes from, if not from pip's own index: its CPU index is a tenth of the size.
ARG TORCH_INDEX=""

WORKDIR /fcn
COPY requirements requirements
COPY pyproject.toml README.md LICENSE ./
COPY fcnlib fcnlib
COPY fcn_synthetic fcn_synthetic
RUN requirements/install.sh run

# The clone that is mounted here has the workflow, and its package comes before the image's.
WORKDIR /work
ENV PYTHONPATH=/work HOME=/tmp
CMD ["fcn", "doctor"]

# Crossbook's worker and command line.
#
#   docker build -t crossbook:0.1.0 .
#   docker build --target sbom --output dist .      # dist/crossbook.cdx.json: what the image's environment consists of
#
# BASE is pinned by version here. A registry can move a tag, so pin by digest too where you build to ship:
#   --build-arg BASE=python:3.11.14-slim-bookworm@sha256:...     (`docker buildx imagetools inspect` prints it)
ARG BASE=python:3.11.14-slim-bookworm

# The environment, made where it will lie, of wheels alone: there is no compiler, here neither.
FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/crossbook
WORKDIR /src
COPY requirements/runtime.txt requirements/
RUN /opt/crossbook/bin/pip install --only-binary :all: --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY channels channels
COPY routes routes
COPY reports reports
# And away with what only building needed; pip goes last, by its own hand.
RUN /opt/crossbook/bin/pip install --no-deps --no-build-isolation --no-index . \
    && /opt/crossbook/bin/pip uninstall --yes hatchling editables setuptools pip

# The bill of materials, of the environment as it ships.
FROM build AS inspect
COPY requirements/sbom.txt requirements/
RUN python -m venv /opt/sbom && /opt/sbom/bin/pip install --only-binary :all: --require-hashes -r requirements/sbom.txt
RUN /opt/sbom/bin/cyclonedx-py environment /opt/crossbook/bin/python --pyproject pyproject.toml --of JSON -o /crossbook.cdx.json

FROM scratch AS sbom
COPY --from=inspect /crossbook.cdx.json /

FROM ${BASE} AS runtime
LABEL org.opencontainers.image.title="crossbook" \
      org.opencontainers.image.description="Finds, trades and accounts for crypto arbitrage" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="0.1.0"
RUN groupadd --gid 10001 crossbook \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/crossbook --shell /usr/sbin/nologin crossbook \
    && install -d -o 10001 -g 10001 /var/lib/crossbook
COPY --from=build /opt/crossbook /opt/crossbook
ENV PATH=/opt/crossbook/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CROSSBOOK_HOME=/var/lib/crossbook \
    CROSSBOOK_METRICS_PORT=9464
WORKDIR /var/lib/crossbook
# By number, so that a cluster can see that it is not root.
USER 10001:10001
EXPOSE 9464
# Whether the event loop answers. Whether the worker is ready is /readyz, which no restart heals.
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=6 CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['CROSSBOOK_METRICS_PORT'] + '/healthz', timeout=5)"]
CMD ["faust", "-A", "app.main", "-L", "uvloop", "worker", "-l", "info"]

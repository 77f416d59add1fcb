# One image for the Prefect server and the runner, so that the pins of the lock file hold in both.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/flowledger \
 && /opt/flowledger/bin/pip install --quiet --no-deps --require-hashes -r requirements.lock \
 && pip install --quiet --no-deps --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md ./
COPY pipeline pipeline
COPY flows flows
COPY sql sql
RUN pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/flowledger/bin/pip install --quiet --no-deps /wheels/*.whl

FROM python:3.12-slim
ENV PATH=/opt/flowledger/bin:$PATH PYTHONUNBUFFERED=1 DO_NOT_TRACK=1 FLOWLEDGER_HOME=/var/lib/flowledger
# A new volume takes the owner of the folder it covers.
RUN useradd --uid 10001 --create-home flowledger \
 && install --directory --owner flowledger --mode 0750 /var/lib/flowledger \
 && install --directory --owner flowledger --mode 0755 /var/lib/flowledger/published
COPY --from=build /opt/flowledger /opt/flowledger
WORKDIR /home/flowledger
COPY prefect.toml ./
USER flowledger
CMD ["flowledger", "--help"]

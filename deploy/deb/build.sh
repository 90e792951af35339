#!/usr/bin/env bash
# The Debian package, into build/: a virtual environment for this system's own python3 below /opt, the unit, an example configuration.
# Called by `make deb` from the root of the repository, with PIP (any pip) and NFPM.
set -euo pipefail
: "${PIP:?}" "${NFPM:?}"
target=/opt/cadence-exporter
stage=build/deb
python=/usr/bin/python3

rm -rf "$stage" && mkdir -p "$stage"
"$python" -m venv --without-pip "$stage/venv"
"$PIP" --python "$stage/venv/bin/python" install --quiet --require-hashes --only-binary :all: -r requirements/runtime.txt
"$PIP" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$stage" .
"$PIP" --python "$stage/venv/bin/python" install --quiet --no-index --no-deps "$stage"/cadence_exporter-*.whl
rm -rf "$stage"/venv/bin/{[Aa]ctivate*,dotenv,idna,normalizer,scapy} "$stage"/venv/{include,share}   # other people's commands
# Where it was made is not where it will be: first lines, the note about itself, and the paths inside compiled files.
find "$stage/venv/bin" -type f -exec sed -i "1s|^#!.*|#!$target/bin/python3|" {} +
sed -i -E "/^command = /d" "$stage/venv/pyvenv.cfg"
find "$stage/venv" -name __pycache__ -prune -exec rm -rf {} +
"$python" -m compileall -q -s "$PWD/$stage/venv" -p "$target" "$stage/venv/lib"
find "$stage/venv" -type d -exec chmod 755 {} +
chmod -R go+rX,go-w "$stage/venv"

minor=$("$python" -c 'import sys; print(sys.version_info.minor)')
ARCH=$(dpkg --print-architecture) PYTHON_MIN="3.$minor" PYTHON_MAX="3.$((minor + 1))" \
  VERSION=$("$stage/venv/bin/python" -c 'import cadence_exporter; print(cadence_exporter.__version__)') \
  "$NFPM" package --config deploy/deb/nfpm.yaml --packager deb --target build/

#!/bin/sh
# Install a lock, then this checkout, for the `python` on the PATH: `install.sh run` or `install.sh dev`.
# TORCH_INDEX is where PyTorch comes from, if not from pip's own index.
set -eu
cd "$(dirname "$0")"
install() {
  python -m pip install -qq --disable-pip-version-check --root-user-action ignore "$@"
}
echo "installing the packages of requirements/$1.lock: some minutes"
install --require-hashes -r build.lock
# The two that are no wheels are plain Python: no compiler is needed.
install --require-hashes --no-deps --no-build-isolation \
  --only-binary :all: --no-binary antlr4-python3-runtime,connection-pool -r "$1.lock"
install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} -r torch.txt
PYTHONWARNINGS=ignore install --no-deps --no-build-isolation --editable ..

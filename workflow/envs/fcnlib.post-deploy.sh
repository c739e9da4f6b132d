# With --software-deployment-method conda: the pinned packages and this checkout, as `make` does.
set -eu
python -m pip install --quiet -r requirements.lock
python -m pip install --quiet --no-deps --editable .

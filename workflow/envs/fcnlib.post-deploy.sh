# With --software-deployment-method conda: the pinned packages and this checkout, as `make` does.
set -eu
requirements/install.sh run

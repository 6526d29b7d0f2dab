#!/usr/bin/env bash
# Runs a kwskit command on a cluster of this machine's cores: bash egs/cluster/local.sh COMMAND ARGUMENT...
set -euo pipefail
PORT=${PORT:-8786}
trap 'kill $(jobs -p)' EXIT
dask scheduler --host 127.0.0.1 --port "$PORT" --no-dashboard &
dask worker "tcp://127.0.0.1:$PORT" --nworkers auto --nthreads 1 --no-dashboard &
kwskit "$@" --executor "dask://127.0.0.1:$PORT"

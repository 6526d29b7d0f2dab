#!/usr/bin/env bash
# Builds the site, strictly: a broken link or a page of no navigation is an error.
#   bash tools/site/build.sh [FOLDER]     default: build/site
# SITE_URL and REPO_URL, if set, are where it is published and where its sources are (default: Source of setup.cfg).
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(realpath -m "${1:-$repository/build/site}")
# shellcheck source=tools/env.sh
. "$repository/tools/env.sh" docs
cd "$repository"
REPO_URL=${REPO_URL:-$(sed -n 's/^ *Source *= *//p' setup.cfg)}
export REPO_URL
python -m mkdocs build --strict --clean --quiet --config-file tools/site/mkdocs.yml --site-dir "$folder"
echo "$folder/index.html"

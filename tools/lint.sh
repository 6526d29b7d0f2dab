#!/usr/bin/env bash
# The linters, all of them over all of the repository: of tools/test.sh, of the hook before a commit, and so of CI.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/env.sh
. "$repository/tools/env.sh" dev,train
cd "$repository"

schema="check_jsonschema --builtin-schema vendor"
failed=()
for check in "ruff check ." "ruff format --check ." mypy \
    "$schema.github-workflows .github/workflows/*.yml" \
    "$schema.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/idea.yml" \
    "$schema.compose-spec tools/docker/compose.yaml" \
    "$schema.citation-file-format CITATION.cff"; do
    echo "== $check"
    # shellcheck disable=SC2086 # a tool and its arguments
    python -m $check || failed+=("$check")
done
if ((${#failed[@]})); then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi

#!/usr/bin/env bash
# What the GitHub Action does: checks a recipe, merges it, verifies the result, and keeps the answers of all three.
#
#   DEM      the program
#   RECIPE   path of the recipe
#   OUT      folder of the merged model
#   OPTIONS  further options of `dem merge`, one a line
#
# RUNNER_TEMP, GITHUB_OUTPUT and GITHUB_STEP_SUMMARY are GitHub's own.
set -euo pipefail

report=$(mktemp -d "${RUNNER_TEMP:-/tmp}/dem-report-XXXXXX")
summary=${GITHUB_STEP_SUMMARY:-/dev/null}
{
    echo "out=$OUT"
    echo "report=$report"
} >>"${GITHUB_OUTPUT:-/dev/null}"

options=()
while IFS= read -r option; do
    if [[ -n $option ]]; then
        options+=("$option")
    fi
done <<<"${OPTIONS:-}"

step() { # name, arguments of dem...
    local name=$1 status=0
    shift
    "$DEM" "$@" --json --progress plain >"$report/$name.json" || status=$?
    {
        printf '### dem %s: %s\n\n' "$name" "$([[ $status == 0 ]] && echo done || echo "failed with $status")"
        printf '```json\n%s\n```\n\n' "$(head -c 4000 "$report/$name.json")"
    } >>"$summary"
    return "$status"
}

"$DEM" --version
step check check "$RECIPE" --out "$OUT"
step merge merge "$RECIPE" --out "$OUT" ${options[@]+"${options[@]}"}
step verify verify "$OUT"

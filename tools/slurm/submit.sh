#!/bin/bash
# Plans a merge, and queues its parts and what joins them:
#
#   submit.sh RECIPE OUT PARTS PLAN [options of dem plan]
#
# RECIPE, its models, OUT and PLAN lie on a file system that all nodes share. DEM names the command, if it is not dem.
# SBATCH_OPTIONS are given to both jobs, such as "--partition=cpu --account=mine".
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 4 ]; then
    echo "usage: submit.sh RECIPE OUT PARTS PLAN [options of dem plan]" >&2
    exit 2
fi
recipe=$1 out=$2 parts=$3 plan=$4
shift 4

${DEM:-dem} plan "$recipe" "$out" --parts "$parts" --out "$plan" "$@"
# shellcheck disable=SC2086
array=$(sbatch --parsable ${SBATCH_OPTIONS:-} --array="0-$((parts - 1))" "$here/dem-parts.sbatch" "$plan")
# shellcheck disable=SC2086
join=$(sbatch --parsable ${SBATCH_OPTIONS:-} --dependency="afterok:$array" "$here/dem-join.sbatch" "$plan")
echo "parts: job $array, join: job $join"

#!/usr/bin/env bash
# Kills merges at moments spread over the run, resumes each, and compares every file with an uninterrupted output.
#
#   tools/kill-and-resume.sh SHAPE DIR [TIMES]
#
#   SHAPE  a shape that `dem synth` knows (tiny, small, llama-160m, llama-1b, ...) or a config.json
#   DIR    a folder to work in. A folder of its own is made there and deleted at the end; it takes five times a model's
#          size: the base, two tuned models, the uninterrupted output and the one that is killed
#   TIMES  how many merges to kill; 10 if not given
#
# DEM is the command to test: `dem`, or for example DEM="dotnet src/DemEngine.Cli/bin/Release/net10.0/dem.dll".
# DEM_MERGE_OPTIONS are given to every merge; without it --threads 1, which leaves more time to hit the moment.
# DEM_SHARD_SIZE is the largest shard of every model; 500MB if not given.
#
# Each merge is killed (SIGKILL) once its journal names so many finished tensors; one line a kill says how many the
# journal named and how many of them the resumed run could keep. Exit 0 if all outputs are the same to the byte and at
# least one merge died, 1 if not, 2 for a wrong request.
set -euo pipefail

if [[ $# -lt 2 || $# -gt 3 || ! ${3:-10} =~ ^[1-9][0-9]*$ ]]; then
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2
    exit 2
fi

shape=$1 times=${3:-10}
read -ra dem <<< "${DEM:-dem}"
read -ra options <<< "${DEM_MERGE_OPTIONS:---threads 1}"
shards=(--max-shard-size "${DEM_SHARD_SIZE:-500MB}")
mkdir -p "$2"
work=$(mktemp -d "$2/kill-and-resume.XXXXXX")
pid=
trap '[[ -z $pid ]] || kill -9 "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

"${dem[@]}" synth --shape "$shape" --seed 1 --out "$work/base" "${shards[@]}" --quiet
"${dem[@]}" synth --tuned-from "$work/base" --seed 2 --out "$work/one" "${shards[@]}" --quiet
"${dem[@]}" synth --tuned-from "$work/base" --seed 3 --out "$work/two" "${shards[@]}" --quiet
cat > "$work/recipe.yaml" << 'RECIPE'
merge_method: dem
base_model: base
models:
  - {model: one, parameters: {weight: 0.7}}
  - {model: two, parameters: {weight: 0.4}}
RECIPE

merge() {
    local output=$1
    shift
    exec "${dem[@]}" merge "$work/recipe.yaml" --out "$work/$output" "${shards[@]}" "${options[@]}" "$@"
}

(merge whole --quiet)
tensors=$(grep -c '"hash":' "$work/whole/dem-manifest.json")
echo "$shape: $tensors tensors, $(du -sh --apparent-size "$work/whole" | cut -f1) a model, ${options[*]}"

journal=$work/.killed.dem-unfinished/dem-journal.jsonl
# Lines after the first, which names the plan; -1 before there is a journal.
finished() { echo $(($(cat "$journal" 2>/dev/null | wc -l) - 1)); }

killed=0 different=0
for ((k = 0; k < times; k++)); do
    moment=$((tensors * k / times))
    merge killed --quiet &
    pid=$!
    while kill -0 "$pid" 2>/dev/null && (($(finished) < moment)); do :; done

    # In one step, so that the journal is read after the end.
    if kill -9 "$pid" 2>/dev/null; then died=yes; else died=no; fi
    wait "$pid" 2>/dev/null || true
    pid=
    if [[ $died = no || -d $work/killed ]]; then
        result="was done before it could be killed at $moment"
    else
        killed=$((killed + 1))
        named=$(finished)
        kept=$(merge killed --resume --json | sed 's/.*"resumed":\([0-9]*\).*/\1/')
        result="killed at $named of $tensors tensors, $kept kept"
    fi

    if difference=$(diff -rq "$work/whole" "$work/killed" 2>&1); then
        same="same bytes in $(find "$work/killed" -type f | wc -l) files"
    else
        same="DIFFERENT: $difference"
        different=$((different + 1))
    fi
    echo "$((k + 1)): $result, $same"
    rm -rf "$work/killed" "$work/.killed.dem-unfinished"
done

echo "$killed of $times killed, $different different"
((different == 0 && killed > 0))

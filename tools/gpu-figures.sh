#!/usr/bin/env bash
# Checks and measures a GPU in about ten minutes. It needs no .NET and no network where it runs:
#
#   tools/gpu-figures.sh pack            on a machine with the SDK: makes artifacts/gpu-figures.tar.xz, under 50 MB
#   tar -xJf gpu-figures.tar.xz && gpu-figures/gpu-figures.sh [DIR]
#
# DIR is a folder in memory to work in, /dev/shm if not given; a folder of its own is made there and deleted at the end.
# Each step has its own limit and its own log in DEM_OUT (artifacts/gpu-figures, or figures beside the script), and a step that
# fails does not keep the next from running: what matters most comes first. figures.json has every step with its exit status, its
# seconds and what it measured, figures.md is a block for perf/RESULTS.md. Exit 0 if all steps succeeded.
#
# DEM_BACKEND is what to measure, cuda if not set. DEM_SMALL=1 takes tiny models, little memory and four times the limits, to try
# the script itself, with the CUDA driver of tools/cuda-emulator for example.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [[ ${1:-} == pack ]]; then
    set -e
    root=$(cd "$here/.." && pwd)
    out=$root/artifacts/gpu-figures
    rm -rf "$out" && mkdir -p "$out"
    settings=(-c Release -r linux-x64 --self-contained -p:PackAsTool=false -p:TorchBackend=none -p:DebugType=none -p:PublishReadyToRun=false
        -p:SatelliteResourceLanguages=en -p:RunAnalyzers=false -v quiet -nologo)
    # The suite first: both share the runtime, and dem's own settings are to stay.
    dotnet publish "$root/tools/device-suite" "${settings[@]}" -o "$out" >&2
    dotnet publish "$root/src/DemEngine.Cli" "${settings[@]}" -o "$out" >&2
    rm -f "$out"/*.xml "$out"/*.pdb "$out"/testhost* "$out"/Microsoft.TestPlatform* "$out"/Microsoft.VisualStudio*
    cp "$here/gpu-figures.sh" "$out"
    tar -C "$root/artifacts" -cJf "$root/artifacts/gpu-figures.tar.xz" gpu-figures
    du -h "$root/artifacts/gpu-figures.tar.xz" | cut -f1 >&2
    echo "$root/artifacts/gpu-figures.tar.xz"
    exit 0
fi

backend=${DEM_BACKEND:-cuda}
out=${DEM_OUT:-$here/figures}
mkdir -p "$out" "${1:-/dev/shm}"
work=$(mktemp -d "${1:-/dev/shm}/gpu-figures.XXXXXX")
watcher=
trap '[[ -z $watcher ]] || kill "$watcher" 2> /dev/null; rm -rf "$work"' EXIT
dem() { "$here/dem" "$@"; }
export -f dem
export here work backend

failures=0
steps=()
# A step: its name, its limit in seconds, and a command line. Standard output and error go to its log. What it measured, one JSON
# object, it writes into the file $figures.
step() {
    local name=$1 limit=$2 from=$EPOCHREALTIME code=0 measured=null
    [[ -z ${DEM_SMALL:-} ]] || limit=$((4 * limit))
    export figures=$out/$name.json
    rm -f "$figures"
    shift 2
    printf '%-24s' "$name" >&2
    timeout -k 5 "$limit" bash -c "$*" > "$out/$name.log" 2>&1 || code=$?
    local seconds
    seconds=$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $from }")
    (( code == 0 )) || failures=$((failures + 1))
    case $code in 0) said=ok ;; 124 | 137) said="over its limit of $limit s" ;; *) said="failed with $code: $(tail -1 "$out/$name.log")" ;; esac
    printf '%s s, %s\n' "$seconds" "$said" >&2
    if (( code == 0 )) && [[ -s $figures ]]; then measured=$(sed "s|$work/||g" "$figures"); fi
    steps+=("{\"step\": \"$name\", \"status\": $code, \"seconds\": $seconds, \"figures\": $measured}")
    report
}

# Written after every step, so that what was measured is there however the run ends.
report() {
    local IFS=,
    printf '{"backend": "%s", "date": "%s", "steps": [%s]}\n' "$backend" "$(date -u +%F)" "${steps[*]}" > "$out/figures.json"
    {
        printf '## GPU\n\n'
        for log in "$out"/*.log; do
            printf '%s:\n```\n' "$(basename "$log" .log)"
            sed "s|$work/||g" "$log" | tail -40
            # Benchmarks print a table of their own.
            [[ $log == *bench* || ! -s ${log%.log}.json ]] \
                || grep -oE '"(seconds|trial_seconds|merge_seconds|bytes_read|bytes_written|evaluated)": ?[0-9.]+' "${log%.log}.json"
            printf '```\n\n'
        done
    } > "$out/figures.md"
}

same() {
    local a=$1 b=$2 shard
    for shard in "$a"/*.safetensors; do
        cmp "$shard" "$b/$(basename "$shard")" || return 1
    done
    echo "the same bytes in $(ls "$a"/*.safetensors | wc -l) files"
}
export -f same

recipe() {
    printf 'merge_method: %s\nbase_model: %s/base\nmodels:\n' "$2" "$1"
    printf '  - {model: %s/%s, parameters: {weight: %s%s}}\n' "$1" one 0.7 "${3:-}" "$1" two 0.4 "${3:-}"
}

# A base and two tuned models of a shape that `dem synth` knows, or of a file.
family() {
    mkdir -p "$1"
    dem synth --shape "$2" --seed 1 --out "$1/base" --quiet
    dem synth --tuned-from "$1/base" --seed 2 --out "$1/one" --quiet
    dem synth --tuned-from "$1/base" --seed 3 --out "$1/two" --quiet
    recipe "$1" dem > "$1/dem.yaml"
    recipe "$1" ties ", density: 0.3" > "$1/ties.yaml"
}
export -f family recipe

if [[ -n ${DEM_SMALL:-} ]]; then
    vram=20MB shape=tiny bench="--shape tiny --sources 1 2 --repeats 1" hidden=64 mlp=176 heads=4 vocabulary=512 most=4
else
    vram=1GB shape=llama-1b bench="--shape llama-1b --sources 1 2 4 --repeats 5" hidden=5120 mlp=13824 heads=40 vocabulary=32000 most=40
fi
export vram bench

if command -v nvidia-smi > /dev/null; then
    nvidia-smi --query-gpu=memory.used,utilization.gpu,power.draw --format=csv -lms 500 > "$out/nvidia-smi.csv" 2>&1 &
    watcher=$!
fi

step 01-machine 30 'nvidia-smi -q 2> /dev/null | grep -E "Product Name|Driver Version|Link Gen|Link Width|Bus Id" || echo "no nvidia-smi";
    grep -m1 "model name" /proc/cpuinfo; nproc; free -g | sed -n 2p; dem --version'
step 02-devices 60 'dem devices'
step 03-tiny-merge 120 'family "$work/tiny" tiny &&
    dem merge "$work/tiny/dem.yaml" --out "$work/tiny/device" --backend "$backend" --max-vram "$vram" &&
    dem merge "$work/tiny/dem.yaml" --out "$work/tiny/cpu" --backend cpu && same "$work/tiny/device" "$work/tiny/cpu"'
step 04-tiny-ties 120 'dem merge "$work/tiny/ties.yaml" --out "$work/tiny/t-device" --backend "$backend" --max-vram "$vram" &&
    dem merge "$work/tiny/ties.yaml" --out "$work/tiny/t-cpu" --backend cpu && same "$work/tiny/t-device" "$work/tiny/t-cpu"'
# The suite knows CUDA alone; a trial takes its first tests.
if [[ $backend == cuda* && -x $here/device-suite ]]; then
    step 05-suite 240 "\"\$here/device-suite\" '$([[ -n ${DEM_SMALL:-} ]] && echo 'DeviceBackendTests(Cuda).Several' || echo 'Backends.DeviceBackendTests(Cuda)')'"
fi
if command -v compute-sanitizer > /dev/null; then
    step 06-sanitizer 150 'compute-sanitizer --error-exitcode 9 "$here/dem" merge "$work/tiny/dem.yaml" --out "$work/tiny/s1" --backend "$backend" &&
        compute-sanitizer --tool racecheck --error-exitcode 9 "$here/dem" merge "$work/tiny/ties.yaml" --out "$work/tiny/s2" --backend "$backend"'
fi
for threads in 8 16; do
    step 07-bench-device-$threads 150 "dem bench --backend \"\$backend\" \$bench --threads $threads --max-vram \"\$vram\" --dir \"\$work/bench\" --figures \"\$figures\" --timeline \"$out/timeline-$threads.svg\""
    step 08-bench-cpu-$threads 100 "dem bench --backend cpu \$bench --threads $threads --figures \"\$figures\" --dir \"\$work/bench\""
    rm -rf "$work/bench"
done

step 09-sweep-family 120 "family \"\$work/sweep\" $shape"
step 10-sweep-of-16 150 'dem sweep "$work/sweep/dem.yaml" --set "models[0].weight=0.1:1.6:0.1" --out "$work/sweep/merges" --backend "$backend" --json > "$figures"'
rm -rf "$work/sweep/merges"
# The models stay on the device from one candidate to the next, which goes to the evaluator in memory. The same trials on both.
searched='dem search "$work/sweep/dem.yaml" --valid "text=$work/sweep/valid.jsonl" --trials 6 --json'
printf '{"tokens": [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3]}\n' > "$work/sweep/valid.jsonl"
step 11-search-device 150 "$searched --out \"\$work/sweep/s-device\" --backend \"\$backend\" > \"\$figures\""
step 11-search-cpu 150 "$searched --out \"\$work/sweep/s-cpu\" --backend cpu > \"\$figures\" &&
    diff <(grep -v '^#' \"\$work/sweep/s-device/recipe.yaml\") <(grep -v '^#' \"\$work/sweep/s-cpu/recipe.yaml\") && echo the same recipe"
step 11-ties 100 'dem merge "$work/sweep/ties.yaml" --out "$work/sweep/ties" --backend "$backend" --json > "$figures"'
rm -rf "$work/sweep" "$work/tiny"

# Base, two tuned models, one output, and a tenth for the page cache and the process, of what the folder and the memory have left.
room=$(df --output=avail -B1 "$work" | tail -1)
free=$(( $(awk '/^MemAvailable/ {print $2}' /proc/meminfo) * 1024 ))
(( room < free )) || room=$free
layer=$(( 2 * (4 * hidden * hidden + 3 * hidden * mlp + 2 * hidden) ))
ends=$(( 2 * (2 * vocabulary * hidden + hidden) ))
layers=$(( (room * 9 / 10 / 5 - ends) / layer ))
(( layers < most )) || layers=$most
if (( layers >= 1 )); then
    cat > "$work/shape.json" << SHAPE
{"hidden_size": $hidden, "intermediate_size": $mlp, "num_hidden_layers": $layers, "num_attention_heads": $heads,
 "num_key_value_heads": $heads, "vocab_size": $vocabulary}
SHAPE
    step 12-13b-family 240 "echo $layers of $most layers of a 13B model; family \"\$work/13b\" \"\$work/shape.json\""
    step 13-13b-device 120 'dem merge "$work/13b/dem.yaml" --out "$work/13b/device" --backend "$backend" --max-vram "$vram" --json > "$figures"'
    step 14-13b-cpu 120 'dem merge "$work/13b/dem.yaml" --out "$work/13b/cpu" --backend cpu --json > "$figures"'
    step 15-13b-same 60 'same "$work/13b/device" "$work/13b/cpu"'
fi

report
cat "$out/figures.json"
exit $(( failures > 0 ))

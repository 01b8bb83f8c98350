#!/usr/bin/env bash
# Produces every figure that needs a GPU, in one run, and prints it as Markdown for perf/RESULTS.md.
#
#   tools/gpu-figures.sh [DIR]
#
#   DIR    a folder in memory to work in, /dev/shm if not given. A folder of its own is made there and deleted at the end
#
# DEM is the command to measure: `dem`, or one published before. If not set, this checkout is published for linux-x64 with all
# that it needs, to artifacts/gpu-figures/dem, which can be taken to a machine without the .NET SDK:
#   DEM_PUBLISH_ONLY=1 tools/gpu-figures.sh          makes it and ends
#   DEM=dem/dem tools/gpu-figures.sh                 measures it elsewhere
# DEM_BACKEND is what to measure, cuda if not set. DEM_OUT is where the picture goes, artifacts/gpu-figures if not set.
# DEM_SMALL=1 takes tiny models and little memory, to try the script itself: DEM_BACKEND=ilgpu-cpu DEM_SMALL=1.
#
# Steps: the suite of backend tests on the device (if the SDK is there), `dem bench` with a timeline, then a family of the shape
# of a 13B model, with as many of its layers as fit the folder, merged on the device with 1 GB of its memory, compared with the
# processor's output to the byte. Exit 0 if all were done and the bytes are the same, 1 if not.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
backend=${DEM_BACKEND:-cuda}
out=${DEM_OUT:-$here/artifacts/gpu-figures}
mkdir -p "$out"

if [[ -z ${DEM:-} ]]; then
    dotnet publish "$here/src/DemEngine.Cli" -c Release -r linux-x64 --self-contained -p:PublishSingleFile=true -p:PackAsTool=false \
        -p:EnableCompressionInSingleFile=true -p:IncludeNativeLibrariesForSelfExtract=true -p:PublishReadyToRun=false -p:DebugType=none -o "$out/dem" >&2
    DEM=$out/dem/dem
fi
if [[ -n ${DEM_PUBLISH_ONLY:-} ]]; then
    echo "$DEM"
    exit 0
fi

read -ra dem <<< "$DEM"
mkdir -p "${1:-/dev/shm}"
work=$(mktemp -d "${1:-/dev/shm}/gpu-figures.XXXXXX")
sampler=
trap '[[ -z $sampler ]] || kill "$sampler" 2>/dev/null || true; rm -rf "$work"' EXIT

code() { printf '```\n'; cat; printf '```\n\n'; }

# Most device memory in use while a command runs, by all programs, in MiB; nothing where there is no nvidia-smi.
watch_memory() {
    command -v nvidia-smi > /dev/null || return 0
    while sleep 0.1; do
        nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits
    done > "$work/memory" 2> /dev/null &
    sampler=$!
}
peak_memory() {
    [[ -n $sampler ]] || return 0
    kill "$sampler"; wait "$sampler" 2> /dev/null || true
    sampler=
    sort -n "$work/memory" | tail -1 | sed 's/$/ MiB of device memory in use at most, by all programs/'
}

echo "## GPU"
echo
{
    date -u +%F
    nvidia-smi --query-gpu=name,driver_version,memory.total,pcie.link.gen.current,pcie.link.width.current --format=csv 2> /dev/null || echo "no nvidia-smi"
    grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'
    echo "$(nproc) processors, $(free -g | awk '/^Mem/ {print $2}') GiB"
    "${dem[@]}" --version
    "${dem[@]}" devices
    echo "DEM_BACKEND=$backend tools/gpu-figures.sh"
} | code

if command -v dotnet > /dev/null && [[ -d $here/tests/DemEngine.Kernels.Tests && -z ${DEM_SMALL:-} ]]; then
    echo "The suite that every backend passes, on the device:"
    dotnet test "$here/tests/DemEngine.Kernels.Tests" -c Release --filter 'FullyQualifiedName~DeviceBackendTests' 2>&1 | tail -3 | code
else
    echo "The suite of backend tests was not run: no .NET SDK here, or a trial."
    echo
fi

if [[ -n ${DEM_SMALL:-} ]]; then
    vram=1MB bench=(--shape tiny --sources 1 2 --repeats 1) hidden=64 mlp=176 heads=4 vocabulary=512 most=4
else
    vram=1GB bench=(--shape llama-1b --sources 1 2 4 --repeats 5) hidden=5120 mlp=13824 heads=40 vocabulary=32000 most=40
fi

echo "\`dem bench --backend $backend ${bench[*]} --max-vram $vram --timeline timeline.svg\`, models in memory:"
"${dem[@]}" bench --backend "$backend" "${bench[@]}" --max-vram "$vram" --dir "$work/bench" --timeline "$out/timeline.svg" 2> /dev/null | code
rm -rf "$work/bench"

# Base, two tuned models, one output, and a tenth for the page cache and the process, of what the folder and the memory have left.
room=$(( $(df --output=avail -B1 "$work" | tail -1) ))
free=$(( $(awk '/^MemAvailable/ {print $2}' /proc/meminfo) * 1024 ))
(( room < free )) || room=$free
layer=$(( 2 * (4 * hidden * hidden + 3 * hidden * mlp + 2 * hidden) ))
ends=$(( 2 * (2 * vocabulary * hidden + hidden) ))
layers=$(( (room * 9 / 10 / 4 - ends) / layer ))
(( layers < most )) || layers=$most
if (( layers < 1 )); then
    echo "There is not enough memory for one layer of a 13B model in $work." >&2
    exit 1
fi
cat > "$work/shape.json" << SHAPE
{
  "hidden_size": $hidden, "intermediate_size": $mlp, "num_hidden_layers": $layers, "num_attention_heads": $heads,
  "num_key_value_heads": $heads, "vocab_size": $vocabulary
}
SHAPE
"${dem[@]}" synth --shape "$work/shape.json" --seed 1 --out "$work/base" --quiet
"${dem[@]}" synth --tuned-from "$work/base" --seed 2 --out "$work/one" --quiet
"${dem[@]}" synth --tuned-from "$work/base" --seed 3 --out "$work/two" --quiet
cat > "$work/recipe.yaml" << 'RECIPE'
merge_method: dem
base_model: base
models:
  - {model: one, parameters: {weight: 0.7}}
  - {model: two, parameters: {weight: 0.4}}
RECIPE

hashes() { (cd "$work/merged" && sha256sum -- *.safetensors); }

echo "A family of the shape of Llama 13B with $layers of its $most layers, $(du -sh --apparent-size "$work/base" | cut -f1) a model, in memory;"
echo "\`dem merge recipe.yaml --backend $backend --max-vram $vram\`:"
{
    watch_memory
    "${dem[@]}" merge "$work/recipe.yaml" --out "$work/merged" --backend "$backend" --max-vram "$vram" 2> /dev/null | sed "s|$work/||"
    peak_memory
    "${dem[@]}" verify "$work/merged" 2> /dev/null | sed "s|$work/||g" | tail -1
} | code
hashes > "$work/device.sha256"
rm -rf "$work/merged"

echo "\`dem merge recipe.yaml --backend cpu\`:"
"${dem[@]}" merge "$work/recipe.yaml" --out "$work/merged" --backend cpu 2> /dev/null | sed "s|$work/||" | code
hashes > "$work/cpu.sha256"
if cmp -s "$work/device.sha256" "$work/cpu.sha256"; then
    echo "The device's output is the processor's, byte for byte, in $(wc -l < "$work/cpu.sha256") shards."
else
    echo "**The device's output differs from the processor's.**"
    exit 1
fi

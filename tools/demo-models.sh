#!/usr/bin/env bash
# Trains the models that `dem demo` carries along, in a few minutes on two cores. Needs a build with TorchSharp.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

OMP_WAIT_POLICY=passive dotnet run -c Release --project src/DemEngine.Cli -- experiment --preset demo --out "$work/demo"

kept=src/DemEngine.Cli/DemoModels
rm -f "$kept"/*.safetensors "$kept"/*.json
for record in "$work"/demo/seed-1/models/*.json; do
    name=$(basename "$record" .json)
    cp "$record" "$kept/"
    cp "$work/demo/seed-1/models/$name/model.safetensors" "$kept/$name.safetensors"
done

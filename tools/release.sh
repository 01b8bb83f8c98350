#!/usr/bin/env bash
# Makes what a release consists of, and its checksums.
#
#   tools/release.sh [DIR]
#
#   DIR    where it goes, artifacts/release if not set
#
# For each build of DEM_NATIVE one file that needs nothing installed, compiled ahead of time, without GPUs and training:
#   dem-VERSION-linux-x64      for processors with AVX2 (x86-64-v3)
#   dem-VERSION-linux-x64-v4   for those with AVX-512 (x86-64-v4)
#   dem-VERSION-linux-arm64
# For each platform the library for C with its header, and for this machine's own the Python wheel:
#   libdem-VERSION-linux-x64.tar.gz
#   demengine-VERSION-py3-none-manylinux_2_NN_x86_64.whl
# One archive with everything, which needs no .NET either: GPUs by a just-in-time compiler, training once `dem setup torch` was run.
#   dem-VERSION-linux-x64-full.tar.gz
# The packages for NuGet, the .NET tool among them, and SHA256SUMS.
#
# DEM_NATIVE  what to compile ahead of time: "linux-x64 linux-x64-v4 linux-arm64" if not set. The last needs GCC for arm64 where
#             this machine is another (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
#
# Every file is tried before it counts: the version, and a merge of two tiny models whose bytes are compared with the full build's.
# The arm64 file is tried where qemu-aarch64-static is installed, that of x86-64-v4 where the processor has AVX-512.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
out=$(mkdir -p "${1:-$here/artifacts/release}" && cd "${1:-$here/artifacts/release}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
project=$here/src/DemEngine.Cli

# The version is in the packages' names, where the build writes it.
dotnet pack "$here" -c Release --artifacts-path "$work/artifacts" -o "$work/packages" -v quiet
cp "$work"/packages/*.nupkg "$work"/packages/*.snupkg "$out/"
version=$(basename "$work"/packages/DemEngine.Cli.*.nupkg .nupkg)
version=${version#DemEngine.Cli.}

echo "== the full build"
dotnet publish "$project" -c Release -r linux-x64 --self-contained -p:PackAsTool=false -p:TorchBackend=none -p:DebugType=none \
    --artifacts-path "$work/artifacts" -o "$work/dem-$version" -v quiet
tar -C "$work" -czf "$out/dem-$version-linux-x64-full.tar.gz" "dem-$version"

"$work/dem-$version/dem" synth --shape tiny --seed 1 --out "$work/base" --quiet
"$work/dem-$version/dem" synth --tuned-from "$work/base" --seed 2 --out "$work/tuned" --quiet
cat > "$work/recipe.yaml" <<'RECIPE'
merge_method: ties
base_model: base
models: [{model: tuned, parameters: {weight: 0.5, density: 0.5}}]
RECIPE
"$work/dem-$version/dem" merge "$work/recipe.yaml" --out "$work/by-full" --quiet

try() { # platform, command...
    "${@:2}" --version
    "${@:2}" merge "$work/recipe.yaml" --out "$work/by-$1" --quiet
    cmp "$work/by-full/model.safetensors" "$work/by-$1/model.safetensors"
}

for build in ${DEM_NATIVE:-linux-x64 linux-x64-v4 linux-arm64}; do
    echo "== $build, ahead of time"
    platform=${build%-v4}
    settings=(-p:PublishAot=true -p:PackAsTool=false)
    case $build in
        linux-x64) settings+=(-p:IlcInstructionSet=x86-64-v3) ;;
        linux-x64-v4) settings+=(-p:IlcInstructionSet=x86-64-v4) ;;
        linux-arm64)
            if [[ $(uname -m) != aarch64 ]]; then
                # GCC for one target does not know Clang's option that names it.
                printf '#!/bin/bash\nexec aarch64-linux-gnu-gcc "${@/#--target=*/-g}"\n' > "$work/link-arm64"
                chmod +x "$work/link-arm64"
                settings+=("-p:CppCompilerAndLinker=$work/link-arm64" -p:ObjCopyName=aarch64-linux-gnu-objcopy)
            fi
            ;;
    esac
    dotnet publish "$project" -c Release -r "$platform" "${settings[@]}" --artifacts-path "$work/artifacts-$build" \
        -o "$work/$build" -v quiet
    file=$out/dem-$version-$build
    install -m 755 "$work/$build/dem" "$file"
    if [[ $build == *-v4 ]]; then
        if grep -qw avx512vl /proc/cpuinfo; then
            try "$build" "$file"
        else
            echo "$build cannot be tried on this machine" >&2
        fi
        continue
    fi

    dotnet publish "$here/src/DemEngine.Native" -c Release -r "$platform" "${settings[@]}" -p:StripSymbols=true \
        --artifacts-path "$work/artifacts-$build" -o "$work/library-$platform" -v quiet
    library=$work/libdem-$version-$platform
    mkdir "$library"
    cp "$work/library-$platform/libdem.so" "$here"/src/DemEngine.Native/{demengine.h,example.c} "$here/LICENSE" "$library/"
    tar -C "$work" -czf "$out/libdem-$version-$platform.tar.gz" "libdem-$version-$platform"
    if [[ $platform == linux-"$(uname -m | sed 's/x86_64/x64/;s/aarch64/arm64/')" ]]; then
        try "$platform" "$file"
        "$here/tools/build-wheel.py" "$library/libdem.so" --out "$out"
    elif [[ $platform == linux-arm64 ]] && command -v qemu-aarch64-static >/dev/null; then
        try "$platform" qemu-aarch64-static -L /usr/aarch64-linux-gnu "$file"
    else
        echo "$platform cannot be tried on this machine" >&2
    fi
done

(cd "$out" && sha256sum -- *"$version"* demengine-*.whl > SHA256SUMS && cat SHA256SUMS)

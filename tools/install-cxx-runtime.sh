#!/usr/bin/env bash
# Brings a C++ runtime that is new enough for TorchSharp onto Debian 12, as root: libstdc++6 of trixie, from the mirror in use. Nothing
# else is taken from there by itself. On a system that has one already it does nothing.
set -euo pipefail

needed=GLIBCXX_3.4.32
# awk reads to the end: a reader that leaves early would kill the writer, and pipefail would end the script.
library=$(ldconfig -p | awk '/libstdc\+\+\.so\.6 .*x86-64/ && !found { print $NF; found = 1 }')
if [[ -n $library ]] && grep -qa "$needed" "$library"; then
    exit 0
fi

. /etc/os-release
if [[ $ID != debian || $VERSION_ID != 12 || $EUID != 0 ]]; then
    echo "this system's C++ runtime lacks $needed, and this script is for root on Debian 12: see docs/training.md for others" >&2
    exit 1
fi

mirror=$(awk '$1 == "URIs:" && !found { print $2; found = 1 }' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
mirror=${mirror:-$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) { print $i; exit } }' /etc/apt/sources.list)}
cat > /etc/apt/sources.list.d/trixie.sources <<END
Types: deb
URIs: $mirror
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
# Below 500, the priority of what is installed by itself: only what is asked for comes from there.
printf 'Package: *\nPin: release n=trixie\nPin-Priority: 100\n' > /etc/apt/preferences.d/trixie
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -t trixie libstdc++6

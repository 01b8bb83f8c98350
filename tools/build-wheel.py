#!/usr/bin/env python3
"""Makes the Python wheel of DemEngine from the compiled library, with Python's standard library alone.

    dotnet publish src/DemEngine.Native -r linux-x64 -p:PublishAot=true -o artifacts/native
    tools/build-wheel.py artifacts/native/libdem.so --out artifacts

The same library gives the same bytes. A wheel is a zip file: https://packaging.python.org/specifications/binary-distribution-format/
"""

import argparse
import base64
import ctypes
import hashlib
import os
import re
import struct
import zipfile

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGE = os.path.join(REPOSITORY, "src", "demengine-python")

# The first moment that a zip file can state.
EPOCH = (1980, 1, 1, 0, 0, 0)
MACHINES = {62: "x86_64", 183: "aarch64"}


def version_of(library):
    """The library's own version, which is a semantic one, as PEP 440 writes it: 1.2.3-alpha.0.45 is 1.2.3a0.dev45."""
    loaded = ctypes.CDLL(os.path.abspath(library))
    loaded.dem_version.restype = ctypes.c_char_p
    version = loaded.dem_version().decode().split()[-1]
    match = re.fullmatch(r"(\d+\.\d+\.\d+)(?:-(alpha|beta|rc)\.(\d+)(?:\.(\d+))?)?", version)
    if match is None:
        raise SystemExit(f"{library}: the version {version} has no form that Python knows")
    release, stage, number, height = match.groups()
    short = {"alpha": "a", "beta": "b", "rc": "rc", None: ""}[stage]
    return release + (short + number if stage else "") + (f".dev{height}" if height else "")


def platform_of(contents):
    """The platform's tag: the processor, and the oldest glibc that has every symbol that the library needs (PEP 600)."""
    machine = struct.unpack_from("<H", contents, 18)[0] if contents[:4] == b"\x7fELF" else None
    if machine not in MACHINES:
        raise SystemExit("the library is none of Linux on x64 or arm64")
    needed = max(tuple(map(int, found)) for found in re.findall(rb"\0GLIBC_(\d+)\.(\d+)", contents))
    return f"manylinux_{needed[0]}_{max(needed[1], 17)}_{MACHINES[machine]}"


def metadata_of(version):
    with open(os.path.join(PACKAGE, "pyproject.toml"), encoding="utf-8") as file:
        project = file.read()

    def value(key):
        return re.search(rf'^{key} = "(.*)"$', project, re.MULTILINE).group(1)

    def values(key):
        return re.findall(r'"([^"]*)"', re.search(rf"^{key} = \[(.*?)\]$", project, re.MULTILINE | re.DOTALL).group(1))

    with open(os.path.join(PACKAGE, "README.md"), encoding="utf-8") as file:
        readme = file.read()
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {value('name')}",
        f"Version: {version}",
        f"Summary: {value('description')}",
        "Author: " + re.search(r'authors = \[\{ name = "(.*?)" \}\]', project).group(1),
        f"License-Expression: {value('license')}",
        "License-File: LICENSE",
        f"Keywords: {','.join(values('keywords'))}",
        *[f"Classifier: {one}" for one in values("classifiers")],
        f"Requires-Python: {value('requires-python')}",
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(lines) + "\n\n" + readme


def build(library, out):
    with open(library, "rb") as file:
        contents = file.read()
    version, tag = version_of(library), f"py3-none-{platform_of(contents)}"
    info = f"demengine-{version}.dist-info"
    files = {}
    for name in sorted(os.listdir(os.path.join(PACKAGE, "demengine"))):
        if name.endswith((".py", ".typed")):
            with open(os.path.join(PACKAGE, "demengine", name), "rb") as file:
                files[f"demengine/{name}"] = file.read()
    files["demengine/libdem.so"] = contents
    with open(os.path.join(REPOSITORY, "LICENSE"), "rb") as file:
        files[f"{info}/licenses/LICENSE"] = file.read()
    files[f"{info}/METADATA"] = metadata_of(version).encode()
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: build-wheel\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    record = [f"{name},sha256={digest(data)},{len(data)}" for name, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()

    os.makedirs(out, exist_ok=True)
    path = os.path.join(out, f"demengine-{version}-{tag}.whl")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o755 if name.endswith(".so") else 0o644) << 16
            wheel.writestr(entry, data)
    return path


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Makes the Python wheel of DemEngine from the compiled library.")
    parser.add_argument("library", help="libdem.so, as `dotnet publish src/DemEngine.Native -r linux-x64 -p:PublishAot=true` makes it")
    parser.add_argument("--out", default="artifacts", help="folder for the wheel (default: artifacts)")
    arguments = parser.parse_args()
    print(build(arguments.library, arguments.out))

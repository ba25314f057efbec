"""Builds the wheel of lic: liblic, the package and their metadata (PEP 427, PEP 517), with Python alone.

As a backend of pip it has CMake build the library first, in the tree that this file is in:

    pip install ./python

Or, with a library that is built already (which is what CMake's target python-wheel does):

    python3 lic_build.py --library build/release/python/liblic.so.0 --http build/release/lib/liblic-http.so.0.1.0 \
        --version 0.1.0 --out DIRECTORY

$LIC_PYTHON_LIBRARY and $LIC_PYTHON_HTTP name such libraries to pip. Without the second, the package asks no
licensing server; with it, it needs libcurl to do so, and for nothing else.
"""

import argparse
import base64
import hashlib
import os
import pathlib
import platform
import re
import subprocess
import sys
import sysconfig
import zipfile

HERE = pathlib.Path(__file__).resolve().parent.parent
TREE = HERE.parent
LIBRARY = "liblic.so.0"
TIME = (1980, 1, 1, 0, 0, 0)  # of every file, so that the same content is the same wheel


def tree_version():
    text = (TREE / "CMakeLists.txt").read_text(encoding="utf-8")
    found = re.search(r"project\(lic VERSION ([0-9.]+)", text)
    if not found:
        raise SystemExit("lic_build: CMakeLists.txt names no version")
    return found[1]


def needs_of(library):
    """The shared libraries that it needs, by readelf; none where that is missing."""
    try:
        text = subprocess.run(["readelf", "-d", library], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text)


def platform_tag(library):
    """manylinux_X_Y for a library that needs this glibc alone (PEP 600), else that of this system."""
    own = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    name, version = platform.libc_ver()
    needs = needs_of(library)
    alone = needs is not None and all(re.match(r"(libc|libm|ld-linux[a-z0-9-]*)\.so", one) for one in needs)
    if name != "glibc" or not alone or not own.startswith("linux_"):
        return own
    major, minor = version.split(".")[:2]
    return f"manylinux_{major}_{minor}_{own[len('linux_'):]}"


def metadata(version):
    return (
        "Metadata-Version: 2.1\n"
        "Name: lic\n"
        f"Version: {version}\n"
        "Summary: Licensing of an application: may it run, with which features, how much is left\n"
        "License: MIT\n"
        "Classifier: Operating System :: POSIX :: Linux\n"
        "Classifier: Typing :: Typed\n"
        "Requires-Python: >=3.9\n"
        "Description-Content-Type: text/markdown\n"
        "\n" + (HERE / "README.md").read_text(encoding="utf-8")
    )


def info_files(version, tag):
    wheel = f"Wheel-Version: 1.0\nGenerator: lic_build\nRoot-Is-Purelib: false\nTag: {tag}\n"
    return {
        "METADATA": metadata(version).encode(),
        "WHEEL": wheel.encode(),
        "LICENSE": (TREE / "LICENSE").read_bytes(),
    }


def write_wheel(library, http, version, out):
    tag = f"py3-none-{platform_tag(library)}"
    name = f"lic-{version}-{tag}.whl"
    info = f"lic-{version}.dist-info"
    files = {f"lic/{path.name}": path.read_bytes() for path in sorted((HERE / "lic").glob("*.py"))}
    files["lic/py.typed"] = b""
    files[f"lic/{LIBRARY}"] = pathlib.Path(library).read_bytes()
    if http:
        files[f"lic/liblic-http.so.{version}"] = pathlib.Path(http).read_bytes()
    files.update({f"{info}/{each}": content for each, content in info_files(version, tag).items()})
    record = ""
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        record += f"{path},sha256={digest},{len(content)}\n"
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()

    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("lic-*.whl"):
        old.unlink()
    partial = out / (name + ".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if ".so." in path else 0o100644) << 16
            wheel.writestr(entry, content)
    os.replace(partial, out / name)
    return name


def built_libraries():
    """Has CMake build them, in build/python of the tree."""
    given = os.environ.get("LIC_PYTHON_LIBRARY")
    if given:
        return given, os.environ.get("LIC_PYTHON_HTTP")
    directory = TREE / "build" / "python"
    configure = ["cmake", "-S", str(TREE), "-B", str(directory), "-DCMAKE_BUILD_TYPE=Release"]
    configure += ["-DLIC_VENDOR=OFF", "-DBUILD_TESTING=OFF"]
    try:
        subprocess.run(configure, check=True)
        build = ["cmake", "--build", str(directory), "--target", "lic_python", "lic_http", "--parallel"]
        subprocess.run(build, check=True)
    except FileNotFoundError:
        raise SystemExit("lic_build: there is no cmake: install what scripts/install-deps names") from None
    except subprocess.CalledProcessError:
        raise SystemExit("lic_build: liblic could not be built: scripts/install-deps installs what it needs") from None
    return str(directory / "python" / LIBRARY), str(directory / "lib" / f"liblic-http.so.{tree_version()}")


# --- what pip calls


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(*built_libraries(), tree_version(), wheel_directory)


def build_sdist(sdist_directory, config_settings=None):
    raise SystemExit("lic_build: the source of lic is its whole tree; there is no archive of the Python part alone")


def main():
    options = argparse.ArgumentParser(description="Builds the wheel of lic around a liblic that is built.")
    options.add_argument("--library", required=True)
    options.add_argument("--http")
    options.add_argument("--version", required=True)
    options.add_argument("--out", required=True)
    given = options.parse_args()
    print(write_wheel(given.library, given.http, given.version, given.out))


if __name__ == "__main__":
    sys.exit(main())

"""Puts empty libraries in place of CUDA's, which PyTorch's wheel for Linux links with and which are gigabytes, so that a wheel
that was installed without its dependencies loads and computes on the CPU. Every function of theirs returns an error."""
import pathlib
import re
import subprocess
import sysconfig
import tempfile

LIBRARIES = re.compile(r"NEEDED.*\[(lib(?:cu|nccl|nv)[^\]]*)\]")
FUNCTIONS = re.compile(r"_*cu|CU|nccl|nv")
NO_DEVICE = 100  # cudaErrorNoDevice


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def write_library(path, version, functions):
    with tempfile.TemporaryDirectory() as folder:
        code, versions = pathlib.Path(folder, "empty.c"), pathlib.Path(folder, "empty.map")
        code.write_text("".join(f"int {name}(void) {{ return {NO_DEVICE}; }}\n" for name in sorted(functions)))
        versions.write_text(version + " { global: *; };\n")
        subprocess.run(["cc", "-shared", "-fPIC", "-w", f"-Wl,-soname,{path.name}",
                        f"-Wl,--version-script={versions}", "-o", path, code], check=True)


def main():
    folder = pathlib.Path(sysconfig.get_paths()["purelib"], "torch", "lib")
    needed, functions = set(), {}  # the latter by version, which is the library's name but for NVSHMEM and none
    for file in sorted(folder.glob("lib*.so*")):
        needed |= set(LIBRARIES.findall(output_of("readelf", "-d", file)))
        for line in output_of("nm", "-D", "--undefined-only", file).splitlines():
            name, _, version = line.split()[-1].partition("@")
            if FUNCTIONS.match(name):
                functions.setdefault(version.strip("@"), set()).add(name)
    for name in sorted(needed):
        if not (folder / name).exists():
            version = "NVSHMEM" if "nvshmem" in name else name
            unversioned = functions.get("", set()) if name.startswith("libcudart") else set()
            write_library(folder / name, version, functions.get(version, set()) | unversioned)


if __name__ == "__main__":
    main()

"""Times hardnet against other inference engines on the same network, seeded weights and input.

Installs PyTorch (Debian's package) and, into bench/.venv, what the engines need from PyPI, compiles the network, checks each
engine's output against PyTorch in double precision and times the right ones in turn on the same CPUs. The table goes to the
terminal and, with JSON and a picture, to a folder under build/rivals. A network may be an ONNX file of yours: its weights are
its own, and outputs are checked against ONNX Runtime's."""

import argparse
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import install
from engines import ALL, ENGINES, HERE
from report import HELD_TO

ROOT = HERE.parents[1]
CASES = HERE / "cases.txt"
EXAMPLES = """examples:
  scripts/rivals.sh                                    hardnet68 at 224x224, 1 and 2 threads
  scripts/rivals.sh hardnet85 512x512 --threads 1
  scripts/rivals.sh hardnet68 --batch 8 --rivals ncnn,openvino
  scripts/rivals.sh hardnet68 --level avx2             hardnet held to AVX2; the others use what they like
  scripts/rivals.sh hardnet68 --cpu avx2               as on a CPU that has no AVX-512, all of them
  scripts/rivals.sh hardnet39ds 64x64 --rounds 2       a quick look
  scripts/rivals.sh network.onnx                       your own; 352x352 behind it where the file leaves that open
  scripts/rivals.sh --all                              every case of bench/rivals/cases.txt; rewrites docs/performance.md
exit status: 0; 1 where hardnet itself is wrong or fails; 2 for a wrong option; 5 where a package cannot be installed
"""


def positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found '{text}'")
    return int(text)


def size(text):
    words = text.split("x")
    if len(words) != 2 or not all(word.isdigit() for word in words):
        raise argparse.ArgumentTypeError(f"expected HEIGHTxWIDTH, found '{text}'")
    return text


def engine_names(text):
    names = [name for word in text.split(",") for name in (ALL if word == "all" else [word])]
    unknown = [name for name in names if name not in ENGINES]
    if unknown:
        raise argparse.ArgumentTypeError(f"expected some of all,{','.join(ENGINES)}, found '{unknown[0]}'")
    return names


def thread_counts(text):
    counts, available = [positive(word) for word in text.split(",")], len(os.sched_getaffinity(0))
    if max(counts) > available:
        raise argparse.ArgumentTypeError(f"expected at most {available}, the CPUs of this process, found {max(counts)}")
    return counts


def parse(words):
    parser = argparse.ArgumentParser(prog="scripts/rivals.sh", description=__doc__, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="hardnet68", metavar="MODEL", help="or an ONNX file; default: hardnet68")
    parser.add_argument("input", nargs="?", type=size, metavar="HxW", help="default: the file's, or 224x224")
    parser.add_argument("--batch", type=positive, default=1, metavar="N", help="images per run; times are per image")
    parser.add_argument("--rivals", type=engine_names, metavar="A,B", help="of all,"
                        + ",".join(name for name in ENGINES if name != "hardnet")
                        + "; default: all, which leaves out those that install heavily")
    parser.add_argument("--threads", type=thread_counts, default="1,2", metavar="N,M", help="n threads get n CPUs; default: 1,2")
    parser.add_argument("--rounds", type=positive, default=12, metavar="N", help="of 5 runs per engine; default: 12")
    parser.add_argument("--level", default="", help="hold hardnet to a CPU level, such as avx2")
    parser.add_argument("--cpu", choices=[*HELD_TO], default="",
                        help="hold all engines to what such an x86 CPU has: avx2 no AVX-512, avx512 no VNNI, zen4 no AMX")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help="CMake's folder; default: build")
    parser.add_argument("--all", action="store_true", help="every case of bench/rivals/cases.txt, then the docs' table")
    options = parser.parse_args(words)
    options.file = pathlib.Path(options.model) if options.model.endswith(".onnx") else None
    if not options.file:
        options.input = options.input or "224x224"
    elif not options.file.is_file():
        parser.error(f"MODEL: expected a network's name or an ONNX file, found no file {options.file}")
    return options


def run(*command, stdout=None):
    done = subprocess.run([str(word) for word in command], stdout=stdout)
    if done.returncode:
        sys.exit(done.returncode)


def has_torch():
    return subprocess.run(["/usr/bin/python3", "-c", "import torch, torchvision"], stderr=subprocess.DEVNULL).returncode == 0


def require_torch():
    if not has_torch():
        run(ROOT / "scripts/setup.sh", "python3-torch", "python3-torchvision")
    if not has_torch():
        print("rivals: python3-torch, python3-torchvision: expected Debian's packages, found none; install them with\n"
              "  apt-get install -y --no-install-recommends python3-torch python3-torchvision", file=sys.stderr)
        sys.exit(5)


def build(folder, cpu):
    run(ROOT / "scripts/setup.sh")
    run("cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DHARDNET_BENCH=ON",
        stdout=subprocess.DEVNULL)
    run("cmake", "--build", folder, "--target", "hardnet", "hardnet_engine",
        *(["cpu_mask"] if cpu else []))


def name_of(options):
    """The package's: a C identifier, whatever the file is called."""
    name = re.sub(r"\W", "_", options.file.stem, flags=re.ASCII) if options.file else options.model
    return f"n{name}" if name[0].isdigit() else name


def folder_of(options):
    parts = [name_of(options), options.input or "", f"batch{options.batch}" * (options.batch > 1), options.level,
             options.cpu and f"on-{options.cpu}"]
    return options.build / "rivals" / "-".join(part for part in parts if part)


def measure(options, engines, absent):
    """Compiles, exports and compares one case; the folder with its report."""
    folder = folder_of(options)
    given = ["--input", options.input] if options.input else []
    given += ["--batch", options.batch]
    if options.file:
        run(install.PYTHON, HERE / "take.py", options.file, *given, folder)
        weights = []
        absent = absent | {"inductor": "not for ONNX files"}
    else:
        run("/usr/bin/python3", HERE / "export.py", options.model, *given, "--seed", 1, folder)
        weights = ["--weights", "seed:1"]
    target = ["--target", "x86-64"] if options.level or options.cpu else []
    compile = [options.build / "hardnet", "compile", options.model, *weights, *given, "--name", name_of(options), *target]
    run(*compile, "-o", folder / "package")
    for precision in ("int16", "int8"):
        if f"hardnet-{precision}" in engines:
            package = folder / ENGINES[f"hardnet-{precision}"].package
            run(*compile, "--precision", precision, "--calibrate", "seed:1", "-o", package)
    run(install.PYTHON, HERE / "compare.py", folder, "--name", name_of(options),
        "--engine", options.build / "hardnet_engine", "--engines", ",".join(engines), "--absent", json.dumps(absent),
        "--threads", ",".join(map(str, options.threads)), "--rounds", options.rounds, "--level", options.level,
        "--cpu", options.cpu)
    return folder


def main():
    options = parse(sys.argv[1:])
    if not options.file:
        require_torch()
    build(options.build, options.cpu)
    engines = list(dict.fromkeys(["hardnet", *(options.rivals or ENGINES)]))
    wanted = options.rivals or ALL
    absent = install.ensure([*wanted, "onnxruntime"] if options.file else wanted)
    if options.file and "onnxruntime" in absent:
        print(f"rivals: onnxruntime: expected for the outputs of an ONNX file, found it {absent['onnxruntime']}", file=sys.stderr)
        sys.exit(5)
    absent |= {name: f"not asked for: {ENGINES[name].only_by_name}" for name in engines[1:] if name not in wanted}
    if not options.all:
        measure(options, engines, absent)
        return
    cases = [line for line in CASES.read_text().splitlines() if line and not line.startswith("#")]
    folders = []
    for i, case in enumerate(cases):
        print(f"\n[{i + 1} of {len(cases)}] {case}", flush=True)
        # what the command line says of rounds, threads and build holds for every case
        one = parse(shlex.split(case))
        one.rounds, one.threads, one.build = options.rounds, options.threads, options.build
        folders.append(measure(one, engines, absent))
    run(install.PYTHON, HERE / "document.py", *(folder / "report.json" for folder in folders))


if __name__ == "__main__":
    main()

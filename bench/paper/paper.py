"""Measures what the HarDNet paper claims (figures, five reductions, correlations, SCALE-Sim) and writes docs/paper.md.

Seeded weights: neither time nor traffic depends on their values. Results stay in build/paper as JSON, so sections can be
measured one at a time; the page is written anew from all that are there.
"""

import argparse
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "rivals")]
import common  # noqa: E402
import install  # noqa: E402
from machine import machine  # noqa: E402
from networks import CLASSIFIER_SIZE, CLASSIFIERS  # noqa: E402

SECTIONS = ("figures", "latency", "plots", "scale-sim")
EXAMPLES = """examples:
  scripts/paper.sh                              figures, latency and plots; an hour on a quiet machine
  scripts/paper.sh --quick                      few rounds, five minutes of cachegrind
  scripts/paper.sh --only figures               a second; the rest of the page stays as it was measured
  scripts/paper.sh --only latency --size 1024x1024
  scripts/paper.sh --only plots --minutes 60    cachegrind goes on where it stopped
  scripts/paper.sh --scale-sim                  SCALE-Sim, too, which takes more than ten minutes
  scripts/paper.sh --only page                  nothing is measured, the page is written anew
exit status: 0; 1 where something fails, with the reason; 2 for a wrong option
"""


def sections(text):
    names = text.split(",")
    unknown = [name for name in names if name not in SECTIONS + ("page",)]
    if unknown:
        raise argparse.ArgumentTypeError(f"expected some of {','.join(SECTIONS)},page, found '{unknown[0]}'")
    return names


def classifiers(text):
    names = text.split(",")
    unknown = [name for name in names if name not in CLASSIFIERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"expected some of {','.join(CLASSIFIERS)}, found '{unknown[0]}'")
    return names


def size(text):
    words = text.split("x")
    if len(words) != 2 or not all(word.isdigit() and int(word) >= 32 for word in words):
        raise argparse.ArgumentTypeError(f"expected HEIGHTxWIDTH from 32x32, found '{text}'")
    return text


def positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found '{text}'")
    return int(text)


def parse(words):
    parser = argparse.ArgumentParser(prog="scripts/paper.sh", description=__doc__, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=sections, metavar="A,B", help=f"of {','.join(SECTIONS)},page")
    parser.add_argument("--scale-sim", action="store_true", help="the section scale-sim, too")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 2 runs, 5 minutes of cachegrind")
    parser.add_argument("--size", type=size, default=CLASSIFIER_SIZE, metavar="HxW",
                        help=f"of the classifiers in latency; default: {CLASSIFIER_SIZE}")
    parser.add_argument("--classifiers", type=classifiers, default=CLASSIFIERS, metavar="A,B",
                        help="in plots; default: all")
    parser.add_argument("--rounds", type=positive, metavar="N", help="default: 12, each network 3 runs a round")
    parser.add_argument("--minutes", type=float, metavar="N", help="of cachegrind, about; default: 15")
    parser.add_argument("--build", type=pathlib.Path, default=common.ROOT / "build", help="CMake's folder; default: build")
    parser.add_argument("--no-build", action="store_true", help="use the programs that are there")
    options = parser.parse_args(words)
    options.iterations = 2 if options.quick else 3
    options.rounds = options.rounds or (3 if options.quick else 12)
    options.minutes = (5 if options.quick else 15) if options.minutes is None else options.minutes
    options.only = options.only or [name for name in SECTIONS if name != "scale-sim" or options.scale_sim]
    options.build = options.build.absolute()
    options.folder = options.build / "paper"
    return options


def build(folder):
    for command in ([common.ROOT / "scripts/setup.sh"],
                    ["cmake", "-S", common.ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                     "-DHARDNET_BENCH=ON"],
                    ["cmake", "--build", folder, "--target", "hardnet", "hardnet_engine"]):
        done = subprocess.run([str(word) for word in command], stdout=sys.stderr)
        if done.returncode:
            sys.exit(done.returncode)


def measure(options, store):
    """The sections asked for, in the page's order."""
    import figures
    import latency
    import scale_sim
    import traffic

    # plots and SCALE-Sim stand beside figures, which take a second
    if options.only != ["page"]:
        figures.measure(options, store, machine())
    if "latency" in options.only:
        latency.measure_pairs(options, store, machine())
    if "plots" in options.only:
        latency.measure_classifiers(options, store, machine())
        traffic.measure(options, store, machine())
    if "scale-sim" in options.only:
        scale_sim.measure(options, store, machine())


def main():
    options = parse(sys.argv[1:])
    if sys.prefix == sys.base_prefix:  # not in bench/.venv, which has NumPy and matplotlib
        install.ensure([])
        os.execv(install.PYTHON, [str(install.PYTHON), __file__, *sys.argv[1:]])
    if not options.no_build and options.only != ["page"]:
        build(options.build)
    store = common.Store(options.folder)
    import page

    try:
        measure(options, store)
        page.write(store)
    except common.Failed as failure:
        print(f"paper: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

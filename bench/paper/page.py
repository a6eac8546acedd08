"""Writes docs/paper.md and its pictures from what is in build/paper; nothing is measured here."""

import textwrap

import common
import figures
import latency
import plots
import scale_sim
import traffic
from networks import CLASSIFIERS, REMARKS

DOCS = common.ROOT / "docs"
HEAD = """[HarDNet](https://arxiv.org/abs/1909.00948) claims that networks with less convolutional input and output (CIO,
the elements that convolutions read and write) take less time: 35, 36, 30, 32 and 45 % less than five others, on GPUs and
in frameworks that run layer by layer. Here stand its figures beside ours, its five pairs on a CPU with code of this
compiler on both sides, what time goes with, and what SCALE-Sim makes of CIO. A CPU is not the paper's machine and code
that fuses layers not its software: what is not reached here is not refuted there, and what is reached may have another
cause. The page is written by `scripts/paper.sh`; changes by hand are lost."""
FIGURES = """`hardnet inspect` at the size of the paper. CIO counts what convolutions, transposed ones among them, read, a
concatenation in full, and what they write; pools, norms, activations and linear layers are not in it. The paper's CamVid
table counts two operations per MAC and bytes of floats; here it stands in MACs and elements. Per cent is ours against the
paper's; where no note stands, ours rounds to the digits printed."""
LATENCY = """Packages of seeded weights, both of this compiler, float32. The two of a pair run in turn, each in a process of
its own on the same CPUs (the protocol is in `bench/rivals/README.md`); outputs are finite, not constant and bit for bit the
same with one thread and with two, or nothing is timed. Processor time is what a run on one thread computed, without waiting
for its CPU, the least of the rounds' means; where other programs use the machine it is the figure to look at. The lines
below the table take it for one thread, and the minimum for two. The paper's figures are of GPUs: a Titan V for
segmentation (PyTorch) and DenseNet-264 (Torch 7), a GTX 1080 and 1024x1024 images for the classifiers."""
DISAGREEMENTS = """The paper has other figures for its own claims. FC-HarDNet-84: 35 % in the text, 41 % by its table (6.7
and 11.4 s). HarDNet-138s against ResNet-152: 32 % in the abstract, 35 % in the conclusion, 36 % by its table (70.5 and
109.7 ms). SSD: no times are printed, the authors' repository has 30 % (13.8 and 19.7 ms)."""
TRAFFIC = """Traffic is simulated: one run under cachegrind ({caches}), read and write misses of the last level times 64
bytes, as the difference of a process with two runs and one with one. Valgrind has no AVX-512, so it is the AVX2 code's. It
knows no prefetching, and counts a written line once, when it is fetched. MACs say what direct convolution would compute;
this compiler computes 3x3 convolutions of stride 1 with fewer (Winograd)."""
SCALE_SIM = """`hardnet inspect NAME --format scale-sim`, read unchanged by {version} with `bench/paper/scale_sim.cfg`:
32x32 multipliers, output stationary, buffers of 512 KiB for inputs, 512 for weights and 256 for outputs. The paper does not
state its configuration. Words are elements, to and from DRAM; inputs include padding, and the linear layer, which CIO
leaves out, is simulated. SCALE-Sim fetches an input again for every 32 output channels unless the buffer holds it, where
CIO counts it once."""


def prose(text):
    return textwrap.fill(" ".join(text.split()), 124, break_on_hyphens=False, break_long_words=False)


def about(machine):
    load = f", shared machine (load {machine['load']:g} at the start)" if machine["load"] > 1 else ""
    return f"{machine['cpu']}, {machine['cpus']} CPUs{load}, commit {machine['commit']}, {machine['date']}"


def missing(section):
    return f"Not measured; `scripts/paper.sh --only {section}` does."


def figures_section(store):
    stored = store.read("figures")
    return [prose(FIGURES), figures.markdown(stored), *map(prose, REMARKS)] if stored else [missing("figures")]


def latency_section(store):
    paths = sorted(store.folder.glob("latency-*.json"), key=lambda path: (path.stem != "latency-224x224", path.stem))
    parts = [prose(LATENCY)] if paths else [missing("latency")]
    for path in paths:
        stored = store.read(path.stem)
        first = stored["rows"][0]
        level = first["times"][first["network"]]["level"]
        parts += [prose(f"**Classifiers at {path.stem.removeprefix('latency-')}.** {about(stored['machine'])}; level "
                        f"{level}; {stored['rounds']} rounds of {stored['iterations']} runs."),
                  latency.markdown(stored), latency.verdict(stored)]
    return parts + [prose(DISAGREEMENTS)]


def plots_section(store, by_name):
    classifiers, simulated = store.read("classifiers"), store.read("traffic") or {"bytes": {}, "skipped": {}}
    if not by_name or not classifiers:
        return [missing("plots")]
    found = plots.points(by_name, classifiers, simulated)
    parts = [prose(f"One thread, 224x224, ResNets v1.5, all networks in turn. {about(classifiers['machine'])}; "
                   f"{classifiers['rounds']} rounds of {classifiers['iterations']} runs. Correlations and pictures are of "
                   "the processor time, which on a quiet machine is the minimum."),
             prose(TRAFFIC.format(caches=traffic.STATED)), plots.markdown(found),
             prose(plots.verdict(found))]
    for measure, values in found.items():
        if len(values) >= 3:
            plots.scatter(values, measure, DOCS / "pictures" / f"paper_{measure}")
            parts.append(f"![Latency against {plots.LABELS[measure]}](pictures/paper_{measure}.png)\n"
                         f"[as SVG](pictures/paper_{measure}.svg)")
    parts.append(plots.table(by_name, classifiers, {name: store.read(f"traffic-{name}") for name in simulated["bytes"]}))
    left_out = [f"- {name}: not timed (--classifiers)" for name in CLASSIFIERS if name not in classifiers["times"]]
    left_out += [f"- {name}, traffic: {reason}" for name, reason in simulated["skipped"].items()]
    return parts + (["Left out:\n" + "\n".join(left_out)] if left_out else [])


def scale_sim_section(store, by_name):
    stored = store.read("scale-sim")
    if not stored or not by_name:
        return [missing("scale-sim")]
    if stored["reason"]:
        return [f"SCALE-Sim is {stored['reason']}."]
    version = scale_sim.PACKAGES[0].replace("scalesim==", "SCALE-Sim ")
    return [prose(SCALE_SIM.format(version=version)), scale_sim.markdown(store, by_name)]


def write(store):
    stored = store.read("figures")
    by_name = {row["network"]: row for row in stored["rows"]} if stored else {}
    parts = ["# The paper's claims, measured", prose(HEAD), "## Parameters, MACs, CIO", *figures_section(store),
             "## The five reductions", *latency_section(store), "## What time goes with", *plots_section(store, by_name),
             "## SCALE-Sim", *scale_sim_section(store, by_name)]
    (DOCS / "paper.md").write_text("\n\n".join(parts) + "\n")
    print(DOCS / "paper.md")

"""Writes docs/paper.md and its pictures from what is in build/paper; nothing is measured here."""

import common
import figures
import latency
import plots
import scale_sim
import traffic
from networks import CLASSIFIERS, REMARKS

DOCS = common.ROOT / "docs"
HEAD = """# The paper's claims, measured

Written by `scripts/paper.sh`, whole; changes here are lost. [HarDNet](https://arxiv.org/abs/1909.00948) claims that networks
with less convolutional input and output (CIO: the elements that convolutions read and write) take less time: 35, 36, 30, 32
and 45 % less than five others, on GPUs, where the frameworks run layer by layer. Below stand its figures beside ours, the
five pairs on a CPU where this compiler generates both sides, how time goes with MACs, CIO and simulated traffic, and what
SCALE-Sim makes of CIO. A CPU is not the paper's machine and fused code not its software, so a claim that is not reached
here isn't refuted there; it is what a user of this compiler gets."""


def about(machine):
    load = f"; shared machine, load {machine['load']:g} at the start" if machine["load"] > 1 else ""
    return f"{machine['cpu']}, {machine['cpus']} CPUs, commit {machine['commit']}, {machine['date']}{load}."


def missing(section):
    return f"Not measured; `scripts/paper.sh --only {section}` does."


def figures_section(store):
    stored = store.read("figures")
    if not stored:
        return missing("figures")
    return "\n\n".join([
        "`hardnet inspect` at the size of the paper. CIO counts what convolutions, transposed ones included, read, a concatenation "
        "in full, and what they write; pools, norms, activations and linear layers are not in it. The paper's CamVid table "
        "counts two operations per MAC and bytes of floats, here in MACs and elements. Per cent is ours against the paper's; "
        "where no note stands, ours rounds to the digits printed.",
        figures.markdown(stored), *REMARKS])


def latency_section(store):
    paths = sorted(store.folder.glob("latency-*.json"), key=lambda path: (path.stem != "latency-224x224", path.stem))
    if not paths:
        return missing("latency")
    parts = ["Packages of seeded weights, both of this compiler, float32. Each pair runs in turn, each network in a process of its "
             "own on the same CPUs (`bench/rivals/README.md` has the protocol); outputs are finite, not constant, and bit for bit "
             "the same with one thread and with two, or nothing is timed. The paper's figures are of GPUs: a Titan V "
             "with PyTorch for segmentation and with Torch 7 for DenseNet-264, a GTX 1080 at 1024x1024 for the classifiers."]
    for path in paths:
        stored = store.read(path.stem)
        level = stored["rows"][0]["times"][stored["rows"][0]["network"]]["level"]
        parts += [f"**Classifiers at {path.stem.removeprefix('latency-')}**. {about(stored['machine'])} Level {level}; "
                  f"{stored['rounds']} rounds of {stored['iterations']} runs.",
                  latency.markdown(stored), latency.verdict(stored)]
    parts.append(
        "Where the paper disagrees with itself: for FC-HarDNet-84 its text says 35 % and its table 41 % (6.7 and 11.4 s); for "
        "HarDNet-138s against ResNet-152 the abstract says 32 %, the conclusion 35 % and the table 35.7 %; for SSD no times are "
        "printed, and the authors' repository has 30 % (13.8 and 19.7 ms).")
    return "\n\n".join(parts)


def plots_section(store, by_name):
    classifiers = store.read("classifiers")
    if not by_name or not classifiers:
        return missing("plots")
    simulated = store.read("traffic")
    rows = {name: store.read(f"traffic-{name}") for name in (simulated or {"bytes": {}})["bytes"]}
    found = plots.points(by_name, classifiers, simulated)
    parts = [f"One thread, 224x224, ResNets v1.5, all processes alive and timed in turn. {about(classifiers['machine'])} "
             f"{classifiers['rounds']} rounds of {classifiers['iterations']} runs. Correlations are of the minima.",
             f"Traffic: one run under cachegrind ({traffic.STATED}), read and write misses of the last level times 64 bytes, as the "
             "difference of a process with two runs and one with one. Valgrind has no AVX-512, so it is the AVX2 code's; "
             "it knows no prefetcher, and a line that is written counts once, when it is fetched.",
             plots.markdown(found, simulated)]
    for measure, values in found.items():
        if len(values) >= 3:
            plots.scatter(values, measure, DOCS / "pictures" / f"paper_{measure}")
            parts.append(f"![Latency against {plots.LABELS[measure]}](pictures/paper_{measure}.png)")
    parts.append(plots.table(by_name, classifiers, rows))
    lines = [f"{name}: not timed in this run (--classifiers)" for name in CLASSIFIERS if name not in classifiers["times"]]
    lines += [f"{name}, traffic: {reason}" for name, reason in (simulated or {"skipped": {}})["skipped"].items()]
    return "\n\n".join(parts + (["Left out:\n" + "\n".join(f"- {line}." for line in lines)] if lines else []))


def scale_sim_section(store, by_name):
    stored = store.read("scale-sim")
    if not stored:
        return missing("scale-sim")
    if stored["reason"]:
        return f"SCALE-Sim is {stored['reason']}."
    return "\n\n".join([
        f"`hardnet inspect NAME --format scale-sim`, read unchanged by {scale_sim.PACKAGES[0].replace('==', ' ')} with "
        "`bench/paper/scale_sim.cfg`: 32x32 multipliers, output stationary, buffers of 512 (inputs), 512 (weights) and 256 KiB "
        "(outputs). The paper does not state its configuration. Words are elements; inputs include padding, and the linear "
        f"layer, which CIO leaves out, is simulated. {about(stored['machine'])}",
        scale_sim.markdown(store, by_name),
        "Output words are those of CIO to a few per cent, what convolutions write. Input words are not: SCALE-Sim fetches an "
        "input again for every 32 output channels where the buffer does not hold it, and for every channel of a depthwise "
        "layer by itself with its padding. CIO is the traffic of a machine that reads an input once."])


def write(store):
    stored = store.read("figures")
    by_name = {row["network"]: row for row in stored["rows"]} if stored else {}
    sections = [("Parameters, MACs, CIO", figures_section(store)), ("The five reductions", latency_section(store)),
                ("What time goes with", plots_section(store, by_name)), ("SCALE-Sim", scale_sim_section(store, by_name))]
    (DOCS / "paper.md").write_text("\n\n".join([HEAD] + [f"## {title}\n\n{text}" for title, text in sections]) + "\n")
    print(DOCS / "paper.md")

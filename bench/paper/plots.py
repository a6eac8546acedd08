"""Latency against MACs, CIO and simulated traffic: correlations and scatter plots."""

import numpy

FAMILIES = (  # start and end of a network's name, its colour
    ("hardnet", "ds", "#7fb2e5"), ("hardnet", "", "#1f5fa8"), ("resnet", "", "#d62728"), ("densenet", "", "#2ca02c"),
    ("mobilenet", "", "#ff7f0e"), ("vgg", "", "#7f7f7f"))
LABELS = {"macs": "multiply-adds, G", "cio": "CIO, M elements", "traffic": "simulated traffic, MB"}


def ranks(values):
    """From 1; equal values share the mean of their ranks."""
    values = numpy.asarray(values, float)
    return numpy.array([(values < v).sum() + ((values == v).sum() + 1) / 2 for v in values])


def pearson(x, y):
    return float(numpy.corrcoef(x, y)[0, 1])


def correlations(x, y):
    return {"pearson": pearson(x, y), "pearson_logs": pearson(numpy.log(x), numpy.log(y)),
            "spearman": pearson(ranks(x), ranks(y)), "points": len(x)}


def points(figures, classifiers, traffic):
    """measure -> [(network, measure, ms)] of the networks for which both are known."""
    ms = {name: times["cpu_ms"] for name, times in classifiers["times"].items()}
    measures = {"macs": {name: figures[name]["macs"]["value"] / 1e9 for name in ms},
                "cio": {name: figures[name]["cio"]["value"] / 1e6 for name in ms},
                "traffic": {name: value / 1e6 for name, value in (traffic or {"bytes": {}})["bytes"].items()}}
    return {measure: [(name, values[name], ms[name]) for name in ms if name in values]
            for measure, values in measures.items()}


def colour(name):
    return next(colour for start, end, colour in FAMILIES if name.startswith(start) and name.endswith(end))


def places(panel, figure, values):
    """Where each name stands: the first of eight places around its point that is free of points and other names."""
    spots = [panel.transData.transform((x, y)) for _, x, y in values]
    taken, found = [(x - 4, y - 4, x + 4, y + 4) for x, y in spots], []
    for (name, _, _), (x, y) in zip(values, spots):
        width, height = 5.8 * len(name) * figure.dpi / 100, 10 * figure.dpi / 100
        tries = [(6, -height / 2), (-6 - width, -height / 2), (-width / 2, 6), (-width / 2, -6 - height),
                 (5, 5), (5, -5 - height), (-5 - width, 5), (-5 - width, -5 - height)]
        boxes = [(x + dx, y + dy, x + dx + width, y + dy + height) for dx, dy in tries]
        clash = [sum(a < r and c > l and b < t and d > u for l, u, r, t in taken) for a, b, c, d in boxes]
        best = clash.index(min(clash))
        taken.append(boxes[best])
        found.append(boxes[best][:2])
    return found


def scatter(values, measure, path):
    """PNG and SVG, the same bytes for the same points."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    matplotlib.rcParams["svg.hashsalt"] = "paper"
    figure, panel = pyplot.subplots(figsize=(7.2, 4.6), dpi=100, layout="constrained")
    for name, x, y in values:
        panel.scatter(x, y, color=colour(name), s=34, zorder=3)
    panel.set(xscale="log", yscale="log", xlabel=LABELS[measure], ylabel="processor time, ms, 1 thread")
    xs, ys = [v[1] for v in values], [v[2] for v in values]
    panel.set_xlim(min(xs) / 1.5, max(xs) * 1.7)
    panel.set_ylim(min(ys) / 1.5, max(ys) * 1.5)
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    panel.grid(color="0.9", linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)
    found = correlations(xs, ys)
    panel.set_title(f"{len(values)} classifiers at 224x224: Pearson {found['pearson']:.2f} (logarithms "
                    f"{found['pearson_logs']:.2f}), Spearman {found['spearman']:.2f}", fontsize=9, loc="left")
    figure.canvas.draw()
    for (name, _, _), (x, y) in zip(values, places(panel, figure, values)):
        panel.annotate(name, panel.transData.inverted().transform((x, y)), fontsize=7, color="0.15")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path.with_suffix(".png"), metadata={"Software": None})
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    pyplot.close(figure)


def markdown(found):
    lines = ["| latency against | networks | Pearson | Pearson of logarithms | Spearman |", "|---" * 5 + "|"]
    titles = {"macs": "MACs", "cio": "CIO", "traffic": "simulated traffic"}
    sets = [(titles[measure], values) for measure, values in found.items()]
    inner = {v[0] for v in found["traffic"]}
    if 3 <= len(inner) < len(found["macs"]):
        sets += [(f"{titles[of]}, of the networks with simulated traffic", [v for v in found[of] if v[0] in inner])
                 for of in ("macs", "cio")]
    for title, values in sets:
        if len(values) < 3:
            lines.append(f"| {title} | {len(values)} | - | - | - |")
            continue
        c = correlations([v[1] for v in values], [v[2] for v in values])
        lines.append(f"| {title} | {c['points']} | {c['pearson']:.3f} | {c['pearson_logs']:.3f} | {c['spearman']:.3f} |")
    return "\n".join(lines)


def verdict(found):
    """Whether time goes with CIO, as the paper says, or with MACs."""
    if len(found["macs"]) < 3:
        return ""
    ranked = {of: correlations([v[1] for v in found[of]], [v[2] for v in found[of]])["spearman"]
              for of in ("macs", "cio")}
    more, less = ("MACs", "CIO") if ranked["macs"] > ranked["cio"] else ("CIO", "MACs")
    outcome = "confirmed" if more == "CIO" else "not confirmed"
    return (f"By rank, time goes with {more} ({max(ranked.values()):.2f}) rather than with {less} "
            f"({min(ranked.values()):.2f}), where the paper says CIO: {outcome} here.")


def table(figures, classifiers, traffic):
    """Every classifier's numbers, fastest first."""
    lines = ["| network | ms (min / median) | processor ms | MACs G | CIO M | simulated traffic MB | of which writes |",
             "|---" * 7 + "|"]
    for name, times in sorted(classifiers["times"].items(), key=lambda item: item[1]["cpu_ms"]):
        row = traffic.get(name)
        moved = f"{row['bytes'] / 1e6:.1f} | {64 * row['write_misses'] / 1e6:.1f}" if row else "- | -"
        lines.append(f"| {name} | {times['min_ms']:.1f} / {times['median_ms']:.1f} | {times['cpu_ms']:.1f} | "
                     f"{figures[name]['macs']['value'] / 1e9:.3f} | {figures[name]['cio']['value'] / 1e6:.2f} | {moved} |")
    return "\n".join(lines)

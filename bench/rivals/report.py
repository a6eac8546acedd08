"""A comparison's figures as text for the terminal, Markdown, JSON and a picture."""

import json

from engines import FLOAT32_BOUND

PYTORCH = "PyTorch in double"
HELD_TO = {"avx2": "AVX2", "avx512": "AVX-512 without VNNI", "zen4": "AVX-512 and VNNI, without AMX"}  # as cpu_mask.c knows them
BLUE, GREY, PALE = "#1f5fa8", "#8a8f98", "#c9ccd2"  # hardnet; as accurate; less accurate


def method(report):
    return "Pinned to the same CPUs, timed in turn; ratios are to hardnet at the same threads; error is the relative RMS of " \
           f"the outputs against {report.get('reference', PYTORCH)}."


def title(report):
    n, _, height, width = report["input_shape"]
    words = [report["model"], f"{height}x{width}"]
    words += [f"batch {n}, ms per image"] if n > 1 else []
    words += [f"hardnet forced to {report['level']}"] if report["level"] else []
    words += [f"all held to a CPU with {HELD_TO[report['cpu_mask']]}"] if report.get("cpu_mask") else []
    return ", ".join(words)


def subtitle(report):
    return f"{report['cpu']}, {report['cpus']} CPUs, commit {report['commit']}, {report['date']}; " \
           f"{report['rounds']} rounds of {report['iterations']} runs"


def by_engine(report):
    """Lists of an engine's rows, one per thread count: the accurate in one list, the others in a second."""
    names = dict.fromkeys(row["engine"] for row in report["rows"])
    groups = [[row for row in report["rows"] if row["engine"] == name] for name in names]
    return [g for g in groups if g[0]["bound"] <= FLOAT32_BOUND], [g for g in groups if g[0]["bound"] > FLOAT32_BOUND]


def ratios(report, row):
    """Of the minimum and of the median, or Nones."""
    ours = next((r for r in report["rows"] if r["engine"] == "hardnet" and r["threads"] == row["threads"]), None)
    if not ours or not ours["min_ms"] or not row["min_ms"]:
        return None, None
    return row["min_ms"] / ours["min_ms"], row["median_ms"] / ours["median_ms"]


def number(value, form, none="-"):
    return none if value is None else format(value, form)


def bound_heading(groups):
    bounds = ", ".join(f"{g[0]['version']} {g[0]['bound']:g}" for g in groups)
    return f"less accurate, each held to a bound of its own ({bounds})"


def text(report):
    lines = [title(report), subtitle(report), "",
             f"{'engine':34} {'threads':>7} {'min ms':>9} {'ratio':>6} {'median ms':>9} {'ratio':>6}  error"]
    accurate, others = by_engine(report)
    for groups, heading in (accurate, ""), (others, bound_heading(others)):
        if groups and heading:
            lines.append(f"-- {heading}")
        for row in sorted((row for group in groups for row in group), key=lambda r: r["threads"]):
            if row["reason"]:
                lines.append(f"{row['version']:34} {row['threads']:7} {row['reason']}")
                continue
            least, middle = ratios(report, row)
            lines.append(f"{row['version']:34} {row['threads']:7} {row['min_ms']:9.2f} {number(least, '6.2f', '     -')} "
                         f"{row['median_ms']:9.2f} {number(middle, '6.2f', '     -')}  {row['relative_rms']:.1e}")
    return "\n".join(lines)


def cell(report, row):
    if row["reason"]:
        return "-"
    least, middle = ratios(report, row)
    places = 1 if row["min_ms"] >= 10 else 2
    shown = f"{row['min_ms']:.{places}f} / {row['median_ms']:.{places}f}"
    return shown if least is None or row["engine"] == "hardnet" else f"{shown} ({least:.2f}x / {middle:.2f}x)"


def markdown(report):
    """The table alone: one line per engine, one column per thread count."""
    accurate, others = by_engine(report)
    threads = list(dict.fromkeys(row["threads"] for row in report["rows"]))
    columns = [f"{n} thread{'s' * (n > 1)}, ms (min / median)" for n in threads]
    lines = ["| engine | " + " | ".join(columns) + " | error |", "|---" * (len(threads) + 2) + "|"]
    for groups, mark in (accurate, ""), (others, " ¹"):
        for group in groups:
            name = f"**{group[0]['version']}**" if group[0]["engine"] == "hardnet" else group[0]["version"] + mark
            reason = next((row["reason"] for row in group if row["reason"]), None)
            last = reason.replace("|", "/") if reason else f"{max(row['relative_rms'] for row in group):.1e}"
            lines.append(f"| {name} | " + " | ".join(cell(report, row) for row in group) + f" | {last} |")
    if others:
        lines += ["", f"¹ {bound_heading(others)}"]
    return "\n".join(lines)


def chart(reports, path):
    """One panel per report and thread count; bars are minima, lines reach to the medians."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    threads = list(dict.fromkeys(row["threads"] for report in reports for row in report["rows"]))
    most = max(len({row["engine"] for row in report["rows"]}) for report in reports)
    figure, panels = pyplot.subplots(len(reports), len(threads), squeeze=False, layout="constrained",
                                     figsize=(5.0 * len(threads), (0.55 + 0.22 * most) * len(reports) + 0.3))
    for report, line in zip(reports, panels):
        for panel, n in zip(line, threads):
            rows = [row for row in report["rows"] if row["threads"] == n and row["min_ms"]]
            draw(panel, sorted(rows, key=lambda row: row["min_ms"]), f"{title(report)}, {n} thread{'s' * (n > 1)}")
    figure.savefig(path, dpi=80, metadata={"Software": None})
    pyplot.close(figure)


def draw(panel, rows, heading):
    if not rows:
        panel.set_axis_off()
        return
    colours = [BLUE if row["engine"] == "hardnet" else GREY if row["bound"] <= FLOAT32_BOUND else PALE for row in rows]
    least, middle = [row["min_ms"] for row in rows], [row["median_ms"] for row in rows]
    panel.barh(range(len(rows)), least, color=colours, height=0.7)
    panel.hlines(range(len(rows)), least, middle, color="black", linewidth=1)
    panel.set_yticks(range(len(rows)), [f"{row['version']}  ({row['relative_rms']:.0e})" for row in rows], fontsize=7)
    for y, row in enumerate(rows):
        panel.text(row["median_ms"], y, f" {row['min_ms']:.3g}", va="center", fontsize=7)
    panel.set_title(heading, fontsize=7)
    panel.set_xlim(0, 1.15 * max(middle))
    panel.set_xlabel("ms, minimum; the line reaches to the median", fontsize=6)
    panel.tick_params(axis="x", labelsize=6)
    panel.invert_yaxis()
    panel.spines[["top", "right"]].set_visible(False)


def write(report, folder):
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    (folder / "report.md").write_text(f"{title(report)}\n\n{subtitle(report)}\n\n{markdown(report)}\n\n{method(report)}\n")
    chart([report], folder / "report.png")
    print(text(report))
    print(f"\n{folder}/report.json, report.md, report.png")

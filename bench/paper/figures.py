"""Parameters, MACs and CIO of every network beside those that the paper prints, with the reason for each difference."""

import json
import math
import sys

import common
from networks import COUNTED, EXCEPTIONS, LAST_BLOCK

sys.path.insert(0, str(common.ROOT / "tools/oracle"))
from published import PUBLISHED, UNITS, agrees  # noqa: E402

FIGURES = {"parameters": 1e6, "macs": 1e9, "cio": 1e6}
UNIT = {"parameters": "M", "macs": "G", "cio": "M"}


def elements(shape):
    return math.prod(shape)


def counted_by_rule(name, network):
    """(figure, rule) -> the value under one of the paper's other rules of counting."""
    layers = network["layers"]
    outputs = sum(elements(layer["output"]) for layer in layers if layer["cio"])
    found = {("macs", "two operations"): network["macs"] + 2 * outputs,
             ("macs", "every layer"): network["macs"] + 2 * outputs + sum(elements(layer["output"]) for layer in layers)}
    if name.startswith("densenet"):
        found["macs", "norms in front"] = network["macs"] + 2 * network["cio"]
    strided = [layer for layer in layers if layer["operator"] == "depthwise 3x3/2"]
    if strided and name.startswith("hardnet"):
        found["cio", "strided"] = network["cio"] - sum(layer["cio"] for layer in strided)
    if name in LAST_BLOCK:
        last = layers[-1]
        unread, pixels = last["input"][0] - LAST_BLOCK[name], elements(last["input"][1:])
        classes = network["output"][0]
        found["parameters", "last block"] = network["parameters"] - unread * classes
        found["macs", "last block"] = network["macs"] - unread * classes * pixels
        found["cio", "last block"] = network["cio"] - unread * pixels
    return found


def cut_off(value, text):
    number, _, unit = text.partition(" ")
    scale = 10 ** len(number.partition(".")[2])
    return math.floor(value / UNITS[unit] * scale) / scale == float(number)


def reason(name, figure, value, text, rules):
    """One line for a figure that differs; empty where it does not."""
    if agrees(value, text):
        return ""
    for (of, rule), other in rules.items():
        if of == figure and agrees(other, text):
            return f"{other / FIGURES[figure]:.4g} {UNIT[figure]} {COUNTED[rule]}"
    if (name, figure) in EXCEPTIONS:
        return EXCEPTIONS[name, figure]
    return COUNTED["cut"] if cut_off(value, text) else "not explained"


def row(name, network):
    rules = counted_by_rule(name, network)
    cells = {}
    for figure, text in zip(FIGURES, PUBLISHED.get(name) or PUBLISHED.get(name + "_paper", ("",) * 3)):
        value = network[figure]
        number, _, unit = text.partition(" ")
        published = float(number) * UNITS[unit] if text else None
        digits = len(number.partition(".")[2])
        cells[figure] = {
            "value": value, "text": text, "published": published, "digits": digits, "agrees": agrees(value, text),
            "per_cent": 100 * (value / published - 1) if text else None,
            "reason": reason(name, figure, value, text, rules)}
    return {"network": name, "size": "x".join(map(str, network["input"][1:])), **cells}


def measure(options, store, about):
    program = options.build / "hardnet"
    names = [line.split()[0] for line in common.run(program, "list").splitlines()[1:]]
    progress = common.Progress("figures", len(names))
    rows = []
    for name in names:
        rows.append(row(name, json.loads(common.run(program, "inspect", name, "--format", "json", "--layers"))))
        progress.step(name)
    progress.end()
    store.write("figures", {"rows": rows}, about)


def number(value, figure):
    return f"{value / FIGURES[figure]:.3f}"


def published_text(cell, figure):
    """In this table's units, to the digits printed; the CamVid table's are others."""
    if not cell["text"]:
        return "-"
    divisor = UNITS[cell["text"].partition(" ")[2]]
    digits = cell["digits"] if divisor == FIGURES[figure] else 2
    return f"{cell['published'] / FIGURES[figure]:.{digits}f}"


def markdown(stored):
    titles = {"parameters": "parameters", "macs": "MACs", "cio": "CIO"}
    lines = ["| network | input | parameters M | paper | % | MACs G | paper | % | CIO M | paper | % |", "|---" * 11 + "|"]
    notes = []
    for one in stored["rows"]:
        cells = []
        reasons = [f"{titles[figure]} {one[figure]['reason']}" for figure in FIGURES if one[figure]["reason"]]
        if reasons:
            notes.append(f"{one['network']}: {'; '.join(reasons)}")
        for figure in FIGURES:
            cell = one[figure]
            mark = f" ({len(notes)})" if cell["reason"] else ""
            per_cent = "-" if cell["per_cent"] is None else f"{cell['per_cent']:+.1f}"
            cells += [number(cell["value"], figure), published_text(cell, figure), per_cent + mark]
        lines.append(f"| {one['network']} | {one['size']} | " + " | ".join(cells) + " |")
    return "\n".join(lines + [""] + [f"{i}. {note}" for i, note in enumerate(notes, 1)])

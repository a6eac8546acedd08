#!/usr/bin/env python3
"""Prints what the inner loops of a package's kernels consist of, one row per kernel kind and level.

    tools/instruction_mix.py PACKAGE [--level LEVEL] [--markdown]

Reads PACKAGE/NAME.c for what each kernel is, disassembles PACKAGE/lib/*/libNAME.a with objdump (the cross one for ARM64)
and looks at innermost loops only: a backward branch and the instructions in front of it, counted where they hold fused
multiply-adds (or, without FMA, vector products). Figures are sums over all such loops of all kernels of a kind, each loop
counted once however often it runs:

    fma      share of the loops' instructions that multiply
    loads    instructions that read memory for the arithmetic, operands in memory included, per multiplication
    moves    broadcasts, shuffles and register copies per multiplication
    stack    loads and stores of vectors on the stack: spills, and in transforms the scratch that they keep there
"""
import argparse
import collections
import glob
import os
import re
import shutil
import subprocess
import sys

ARM_MULTIPLY = re.compile(r"^(fmla|fmls|fmul|fmadd|sdot)$")
X86_MULTIPLY = re.compile(r"^(v?f?n?m(add|sub)\d+[ps]s|v?mulps|vpdp\w+|vpmaddwd)$")
ARM_MOVE = re.compile(r"^(dup|mov|ext|ins|zip\d|uzp\d|trn\d)$")
X86_MOVE = re.compile(r"^v?(movap[sd]|movup[sd]|movsh?l?dup|shufp[sd]|pshufd|broadcasts[sd]|perm\w+|unpck\w+|insertps)$")
COLUMNS = ("kernel", "level", "kernels", "loops", "fma", "loads", "moves", "stack")


def kernel_kinds(source):
    """{symbol: (level, kind)} from the comments of the plan's kernel tables."""
    kinds, level = {}, None
    for line in open(source, encoding="utf-8"):
        if match := re.match(r"/\* ---- (\w+) \*/", line):
            level = match[1]
        elif match := re.match(r"\s+(hardnet_[0-9a-f]{32})_argv, /\* (\w+) \*/", line):
            kinds[match[1]] = (level, match[2])
    return kinds


def functions(archive, objdump):
    """Yields (symbol, [(address, mnemonic, operands)]) for every kernel."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", archive], check=True, capture_output=True, text=True).stdout
    symbol, instructions = None, []
    for line in text.splitlines():
        if match := re.match(r"[0-9a-f]+ <(\w+)>:", line):
            if symbol:
                yield symbol, instructions
            symbol, instructions = match[1], []
        elif match := re.match(r"\s*([0-9a-f]+):\s+(\S+)\s*(.*)", line):
            instructions.append((int(match[1], 16), match[2], match[3]))
    if symbol:
        yield symbol, instructions


def innermost_loops(instructions):
    """The instruction ranges that a backward branch closes and that hold no other such range."""
    at = {address: i for i, (address, _, _) in enumerate(instructions)}
    loops = []
    for i, (_, mnemonic, operands) in enumerate(instructions):
        if not re.match(r"^(j[a-z]+|b|b\.\w+|cbn?z|tbn?z)$", mnemonic):
            continue
        target = re.search(r"\b([0-9a-f]+) <", operands)
        start = at.get(int(target[1], 16)) if target else None
        if start is not None and start <= i:
            loops.append((start, i))
    return [instructions[a : b + 1] for a, b in loops if not any(a <= c and d <= b and (a, b) != (c, d) for c, d in loops)]


def count(loop, arm):
    """A Counter over one loop."""
    sums = collections.Counter(all=len(loop))
    for _, mnemonic, operands in loop:
        memory = mnemonic[:2] in ("ld", "st") if arm else "(" in operands and not mnemonic.startswith("lea")
        vector = bool(re.search(r"\b[vqds]\d+\b" if arm else r"%[xyz]mm", operands))
        multiply = bool((ARM_MULTIPLY if arm else X86_MULTIPLY).match(mnemonic))
        sums["multiply"] += multiply and vector
        if not vector:
            continue
        if memory:
            store = mnemonic.startswith("st") if arm else operands.rstrip().endswith(")")
            sums["loads"] += not store
            sums["stack"] += ("[sp" if arm else "(%rsp") in operands
        elif (ARM_MOVE if arm else X86_MOVE).match(mnemonic):
            sums["moves"] += 1
    return sums


def table(package):
    name = os.path.basename(glob.glob(os.path.join(package, "*-config.cmake"))[0])[: -len("-config.cmake")]
    kinds = kernel_kinds(os.path.join(package, name + ".c"))
    sums, kernels = collections.defaultdict(collections.Counter), collections.Counter()
    for archive in sorted(glob.glob(os.path.join(package, "lib", "*", f"lib{name}.a"))):
        arm = "aarch64" in archive
        objdump = "aarch64-linux-gnu-objdump" if arm and os.uname().machine != "aarch64" else "objdump"
        if not shutil.which(objdump):
            sys.exit(f"instruction_mix: {objdump}: expected on PATH, found none (apt-get install "
                     f"{'binutils-aarch64-linux-gnu' if arm else 'binutils'})")
        for symbol, instructions in functions(archive, objdump):
            if symbol not in kinds:
                continue
            level, kind = kinds[symbol]
            kernels[kind, level] += 1
            for loop in innermost_loops(instructions):
                counted = count(loop, arm)
                if counted["multiply"]:
                    sums[kind, level] += counted + collections.Counter(loops=1)
    rows = []
    for (kind, level), c in sorted(sums.items(), key=lambda item: (item[0][0], item[0][1])):
        rows.append((kind, level, str(kernels[kind, level]), str(c["loops"]), f"{c['multiply'] / c['all']:.0%}",
                     f"{c['loads'] / c['multiply']:.2f}", f"{c['moves'] / c['multiply']:.2f}", str(c["stack"])))
    return rows


def main():
    parser = argparse.ArgumentParser(description="What the inner loops of a package's kernels consist of.")
    parser.add_argument("package")
    parser.add_argument("--level", help="only this one")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    if not glob.glob(os.path.join(options.package, "*-config.cmake")):
        sys.exit(f"instruction_mix: {options.package}: expected a package's folder, found none")
    rows = [r for r in table(options.package) if options.level in (None, r[1])]
    if options.markdown:
        print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
        for row in rows:
            print("| " + " | ".join(row) + " |")
        return
    widths = [max(len(r[i]) for r in [COLUMNS, *rows]) for i in range(len(COLUMNS))]
    for row in [COLUMNS, *rows]:
        print("  ".join(v.ljust(w) if i < 2 else v.rjust(w) for i, (v, w) in enumerate(zip(row, widths))).rstrip())


if __name__ == "__main__":
    main()

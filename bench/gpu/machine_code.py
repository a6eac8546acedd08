"""What the assembler makes of a network's GPU kernels: registers, spills, stack, and what inner loops consist of.

    scripts/gpu.sh machine-code hardnet68:224x224 fchardnet70:512x1024

Compiles each network for CUDA, assembles its PTX for sm_80 and sm_90 and disassembles that; needs no GPU. A line for each
convolution and one of all kernels; with --all a line for each kernel. Exit code 1 where a kernel spills or has a stack, or where
less than three quarters of a convolution's inner loops multiply.
"""
import argparse
import array
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build/gpu/machine-code"
ARCHITECTURES = ("sm_80", "sm_90")
LEAST_SHARE = 0.75  # of FFMA


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, text=True, capture_output=True)


def table(code, name):
    """The rows of an array of numbers in a package's generated C."""
    body = re.search(r"static const \w+ cuda_%s\[\] = \{\n(.*?)\n\};" % name, code, re.S)[1]
    return [[float(n) for n in re.findall(r"[-\d.]+(?=[f,}])", row)] for row in re.findall(r"\{[^{}]*\}", body)]


class Package:
    """A compiled network: its module as PTX, and of each kernel the operator and the first layer that calls it."""

    def __init__(self, network, size):
        folder = WORK / f"{network}_{size}"
        run(ROOT / "build/hardnet", "compile", network, "--input", size, "--weights", "seed:1", "--target", "cuda",
            "--cubins", "none", "--name", "net", "-o", folder)
        words = array.array("Q", (int(w, 16) for w in re.findall(r"0x[0-9a-f]+", (folder / "net_cuda.c").read_text())))
        self.ptx = folder / "net.ptx"
        self.ptx.write_bytes(words.tobytes().rstrip(b"\0"))
        code = (folder / "net.c").read_text()
        layers = [layer["name"] for layer in json.loads((folder / "net.json").read_text())["graph"]["layers"]]
        launches = re.findall(r'\{"(\w+)", .*?/\* (\w+) \*/', code)
        calls, parts = table(code, "calls"), table(code, "parts")
        self.kernels = {}  # name -> (operator, layer)
        for _, layer, first_part, part_count in table(code, "steps"):
            for part in parts[int(first_part):int(first_part + part_count)]:
                for call in calls[int(part[0]):int(part[0] + part[1])]:
                    name, operator = launches[int(call[0])]
                    self.kernels.setdefault(name, (operator, layers[int(layer)]))


def assemble(package, architecture):
    """The cubin, and of each kernel (registers, bytes of its stack, bytes spilled)."""
    cubin = package.ptx.with_suffix(f".{architecture}.cubin")
    said = run("ptxas", f"-arch={architecture}", "-v", "-o", cubin, package.ptx).stderr
    resources = {}
    for block in re.split(r"Compiling entry function ", said)[1:]:
        name = block.split("'")[1]
        stack, stores, loads = map(int, re.search(
            r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", block).groups())
        resources[name] = int(re.search(r"Used (\d+) registers", block)[1]), stack, stores + loads
    return cubin, resources


def hot_code(lines):
    """Whether a function has innermost loops that multiply, and their instructions; else those from the first multiply-add to the
    last."""
    at, code, loops = {}, [], []
    for line in lines:
        if label := re.match(r"\s*(\.L_\w+):", line):
            at[label[1]] = len(code)
        elif instruction := re.match(r"\s*/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+ )?([A-Z][\w.]*)(.*)", line):
            code.append(instruction[1])
            target = re.search(r"`\((\.L_\w+)\)", instruction[2])
            if instruction[1].startswith("BRA") and target and target[1] in at:
                loops.append((at[target[1]], len(code)))
    inner = [a for a in loops if not any(a[0] <= b[0] and b[1] <= a[1] and a != b for b in loops)]
    multiplying = [code[first:last] for first, last in inner if "FFMA" in code[first:last]]
    if multiplying or "FFMA" not in code:
        return bool(multiplying), sum(multiplying, [])
    return False, code[code.index("FFMA"):len(code) - code[::-1].index("FFMA")]


def disassemble(cubin):
    """Of each kernel its hot code."""
    text = run("nvdisasm", "-c", cubin).stdout
    kernels = {}
    for section in re.split(r"^\.text\.", text, flags=re.M)[1:]:
        name, *lines = section.split("\n")
        kernels[name.rstrip(":")] = hot_code(lines)
    return kernels


def spread(shares):
    ordered = sorted(shares)
    return f"{ordered[0]:.0%} to {ordered[-1]:.0%}, {ordered[len(ordered) // 2]:.0%} in the median" if shares else "none"


def bits(load):
    width = re.search(r"\.(64|128)\b", load)
    return int(width[1]) if width else 32


def show(network, size, everything):
    package = Package(network, size)
    good = True
    for architecture in ARCHITECTURES:
        cubin, resources = assemble(package, architecture)
        hot = disassemble(cubin)
        print(f"\n**{network}, {size}, {architecture}**\n")
        print("| kernel of | operator | registers | stack | spilled | FFMA | of | global loads by bits |")
        print("|---|---|---|---|---|---|---|---|")
        shares = {True: [], False: []}  # of convolutions with loops, and of those without
        for name, (registers, stack, spilled) in resources.items():
            operator, layer = package.kernels[name]
            has_loops, code = hot.get(name, (False, []))
            loads = {}
            for load in (i for i in code if i.startswith("LDG")):
                loads[bits(load)] = loads.get(bits(load), 0) + 1
            share = sum(i.startswith("FFMA") for i in code) / len(code) if code else None
            if operator == "convolution" and share is not None:
                shares[has_loops].append(share)
            if everything or operator == "convolution":
                print(f"| {layer} | {operator} | {registers} | {stack} | {spilled} | {'' if share is None else f'{share:.0%}'} | "
                      f"{'inner loops' if has_loops else 'unrolled'} | "
                      f"{', '.join(f'{n} of {b}' for b, n in sorted(loads.items(), reverse=True))} |")
            good &= stack == 0 and spilled == 0
        good &= all(share >= LEAST_SHARE for share in shares[True])
        most = max(r[0] for r in resources.values())
        print(f"\n{len(resources)} kernels: at most {most} registers, {sum(r[1] for r in resources.values())} bytes of stack, "
              f"{sum(r[2] for r in resources.values())} spilled; FFMA of the inner loops of {len(shares[True])} convolutions: "
              f"{spread(shares[True])}; of {len(shares[False])} that are unrolled: {spread(shares[False])}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+", metavar="NETWORK:HEIGHTxWIDTH")
    parser.add_argument("--all", action="store_true", help="a line for each kernel, not for convolutions alone")
    arguments = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    good = True
    for word in arguments.networks:
        network, _, size = word.partition(":")
        good &= show(network, size or "224x224", arguments.all)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

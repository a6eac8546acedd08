#!/usr/bin/env python3
"""Prints how much of a reader a run reached: lines by file, and the refusals and the fields of messages that it did not reach.

    tools/refusals.py EXPORT.json [--without FILE...]     what llvm-cov export wrote of the reader's folder

A refusal is a text with the word "expected", as every error of a reader has it; a field is where its number is told from others.
"""
import argparse
import bisect
import json
import pathlib
import re

REFUSAL = re.compile(r'"[^"]*\bexpected ')
FIELD = re.compile(r"(?=case \d+:)|field\.number [!=]= \d+(?:\)| \?| \|\|) ")


def places(text, pattern, at_end):
    """Line, column and text of each match, from 1 on; what stands at the match's end is what its outcome runs."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("//"):
            continue
        for match in pattern.finditer(line):
            yield number, (match.end() if at_end else match.start()) + 1, line.strip()


def is_reached(segments, line, column):
    """The segment that a place lies in begins at or in front of it: [line, column, count, ...]."""
    at = bisect.bisect_right(segments, (line, column, float("inf"))) - 1
    return at >= 0 and segments[at][2] > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=pathlib.Path)
    parser.add_argument("--without", nargs="*", default=[])
    arguments = parser.parse_args()
    counts = {"refusals": [0, 0], "fields": [0, 0]}
    missed = []
    files = [f for f in json.loads(arguments.export.read_text())["data"][0]["files"] if f["filename"].endswith(".cpp")]
    for file in files:
        path = pathlib.Path(file["filename"])
        name = f"{path.parent.name}/{path.name}"
        if path.name in arguments.without:
            print(f"{name:28}left out")
            continue
        lines = file["summary"]["lines"]
        print(f"{name:28}{lines['covered']:4} of {lines['count']:4} lines")
        segments = sorted((s[0], s[1], s[2]) for s in file["segments"])
        for what, pattern, at_end in (("refusals", REFUSAL, False), ("fields", FIELD, True)):
            for line, column, text in places(path.read_text(), pattern, at_end):
                reached = is_reached(segments, line, column)
                counts[what][0] += reached
                counts[what][1] += 1
                if not reached:
                    missed.append(f"{name}:{line}: {text}")
    if missed:
        print("not reached:")
    for line in missed:
        print(line)
    print(", ".join(f"{reached} of {all} {what} reached" for what, (reached, all) in counts.items()))


if __name__ == "__main__":
    main()

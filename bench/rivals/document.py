"""Puts comparisons into docs/performance.md, between its two markers, and their picture into docs/pictures/.

    document.py REPORT.json...          in the order in which the page shows them
"""

import argparse
import json
import pathlib

import report
from engines import HERE

ROOT = HERE.parents[1]
PICTURE = "pictures/rivals.png"
BEGIN, END = "<!-- rivals: begin; written by scripts/rivals.sh --all -->", "<!-- rivals: end -->"


def section(reports):
    """One subtitle where all reports share it, else one under each title."""
    subtitles = {report.subtitle(r) for r in reports}
    lines = [report.method(reports[0]), ""]
    if len(subtitles) == 1:
        lines += [subtitles.pop() + ".", ""]
    lines += ["In the picture hardnet is blue, pale engines are the less accurate, and the error stands behind the name.", ""]
    lines += [f"![Milliseconds of each engine on each network]({PICTURE})", ""]
    for r in reports:
        lines += [f"**{report.title(r)}**", ""]
        if subtitles:
            lines += [report.subtitle(r) + ".", ""]
        lines += [report.markdown(r), ""]
    return "\n".join(lines).rstrip()


def replaced(page, text):
    """The page with `text` between its markers."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise SystemExit(f"document: page: expected one '{BEGIN}' and one '{END}' behind it, found otherwise")
    head, tail = page.split(BEGIN)[0], page.split(END)[1]
    return f"{head}{BEGIN}\n{text}\n{END}{tail}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("reports", nargs="+", type=pathlib.Path)
    arguments.add_argument("--docs", type=pathlib.Path, default=ROOT / "docs")
    options = arguments.parse_args()
    reports = [json.loads(path.read_text()) for path in options.reports]
    page = options.docs / "performance.md"
    page.write_text(replaced(page.read_text(), section(reports)))
    (options.docs / PICTURE).parent.mkdir(exist_ok=True)
    report.chart(reports, options.docs / PICTURE)
    print(f"{page} and {options.docs / PICTURE}")


if __name__ == "__main__":
    main()

"""A hook of MkDocs: a page for each C header, from its comments and declarations as they stand."""

import re
from pathlib import Path

from mkdocs.structure.files import File

HEADERS = {
    "c-api.md": "runtime/include/hardnet/hardnet.h",
    "c-api-vision.md": "vision/include/hardnet/vision.h",
}


def on_files(files, config):
    root = Path(config.config_file_path).parent
    for page, header in HEADERS.items():
        files.append(File.generated(config, page, content=page_of((root / header).read_text(), header)))
    files.append(File.generated(config, "python-api.md", content="# The module hardnet\n\n::: hardnet\n"))
    return files


def page_of(text, header):
    name = header.split("include/")[1]
    about, text = re.match(r"/\*(.*?)\*/\n(.*)", text, re.S).groups()
    text = re.sub(r"#(ifdef __cplusplus|ifndef HARDNET_API)\n.*?#endif\n", "", text, flags=re.S)
    text = re.sub(r"^#(include|ifndef \w+_H|define \w+_H|endif).*\n", "", text, flags=re.M)
    parts = [f"# {name}", prose(about)]
    for comment, code in blocks(text):
        if comment.startswith("---- "):
            title, _, comment = comment[5:].partition("\n")
            parts.append(f"## {escaped(title)}")
        elif code:
            parts.append(f"### {heading(code)}")
        parts.append(prose(comment))
        if code:
            parts.append(f"```c\n{code}\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


def blocks(text):
    """What stands between empty lines outside of braces: a comment in front, and the declarations behind it."""
    depth, lines = 0, []
    for line in (text + "\n").split("\n"):
        if line or depth:
            lines.append(line)
        elif lines:
            comment, code = re.match(r"(?:/\*(.*?)\*/(?:\n|$))?(.*)", "\n".join(lines), re.S).groups()
            if comment or code:
                yield unstarred(comment or ""), code
            lines = []
        depth += line.count("{") - line.count("}")


def unstarred(comment):
    return re.sub(r"\n \* ?", "\n", comment).strip(" \n")


def prose(comment):
    """Markdown of a comment: what is indented in it is code."""
    lines = unstarred(comment).split("\n")
    return "\n".join(line if line.startswith("    ") else escaped(line) for line in lines)


def escaped(text):
    return re.sub(r"([\\*_\[\]<>])", r"\\\1", text)


def heading(code):
    plain = re.sub(r"/\*.*?\*/", "", code, flags=re.S)
    kinds = (
        r"#define (\w+)",  # constants
        r"\(\*(hardnet_\w+)\)\(",  # types of functions
        r"\b(hardnet_\w+)\((?!\*)",  # functions
        r"^typedef (?:struct|enum) (\w+)",
    )
    names = re.findall("|".join(kinds), plain, re.M)
    found = dict.fromkeys(next(filter(None, groups)) for groups in names)
    if not found:
        raise ValueError(f"a declaration's name: expected one, found none in: {code}")
    return ", ".join(f"`{name}`" for name in found)

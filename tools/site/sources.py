"""A hook of MkDocs: links that leave docs/ for a file of the tree lead to a copy of it in the site, as plain text."""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

LINK = re.compile(r"(\]\()(\.\.?/[^)#\s]+)")


def on_page_markdown(markdown, page, config, files):
    def replaced(match):
        copy = copy_of(match[2], page.file.src_uri, config, files)
        return match[0] if copy is None else match[1] + posixpath.relpath(copy, posixpath.dirname(page.file.src_uri))

    return LINK.sub(replaced, markdown)


def copy_of(link, page, config, files):
    """Its place in the site; None for what is in docs/ or nowhere, which MkDocs itself judges."""
    root, docs = Path(config.config_file_path).parent, Path(config.docs_dir)
    source = (docs / posixpath.dirname(page) / link).resolve()
    if docs in source.parents or root not in source.parents or not source.is_file():
        return None
    place = f"source/{source.relative_to(root).as_posix()}.txt"
    if files.get_file_from_path(place) is None:
        files.append(File.generated(config, place, content=source.read_bytes()))
    return place

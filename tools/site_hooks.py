"""What MkDocs does not know of docs/: links to files that are not on the site, and sections taken from README.md."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from posixpath import normpath, relpath
from typing import TYPE_CHECKING

from mkdocs.structure.files import InclusionLevel

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
# A paragraph that is nothing but a link to a section of the README stands for that section.
SECTION = re.compile(r"^\[[^\]]+\]\(\.\./README\.md#([\w-]+)\)$", re.MULTILINE)
log = logging.getLogger("mkdocs.site")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the text with what the site lacks: README's sections put in, links out of the site named by their file."""
    here = Path(page.file.src_uri).parent.as_posix()

    def linked(found: re.Match[str]) -> str:
        text, target, anchor = found[1], normpath(f"{here}/{found[2]}"), found[3] or ""
        file = files.get_file_from_path(target)
        if file is not None and file.inclusion is not InclusionLevel.EXCLUDED:
            return found[0]
        if (target, anchor) == ("../README.md", "#install"):
            return f"[{text}]({relpath('index.md', here)}#install)"
        name = normpath(f"docs/{target}")
        if not (ROOT / name).exists():
            log.warning("%s: no such file in the repository: %s", page.file.src_uri, name)
        if config.repo_url:
            return f"[{text}]({config.repo_url.rstrip('/')}/blob/main/{name}{anchor})"
        return f"`{name}`" if text == Path(name).name or text == name else f"{text} (`{name}`)"

    markdown = SECTION.sub(lambda found: section(found[1]), markdown)
    parts = re.split(CODE, markdown)
    blocks = CODE.findall(markdown)
    texts = [LINK.sub(linked, part) for part in parts]
    return texts[0] + "".join(block + text for block, text in zip(blocks, texts[1:], strict=True))


def section(name: str) -> str:
    """Return the text below a heading of README.md, its links as they are from docs/."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {name}\n\n(.*?)(?=^## )", readme, re.DOTALL | re.MULTILINE | re.IGNORECASE)
    if found is None:
        log.warning("README.md has no section %s", name)
        return ""
    return re.sub(r"\]\((docs/)?(?=[\w.])(?!http)", lambda at: "](" if at[1] else "](../", found[1])

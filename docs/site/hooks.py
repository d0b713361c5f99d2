"""Fits the pages of the repository to the site: mkdocs calls these functions while it builds.

The pages are written for code hosts first. On the site, links that leave `docs/` lead to a copy of the page or lose
their address, and comments that carry tests disappear.
"""

import posixpath
import re
import shutil
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

COPIED = {"ARCHITECTURE.md": "architecture.md", "CHANGELOG.md": "changelog.md"}
"""Pages of the repository's root, and their names on the site."""

DASHBOARD = "server/src/fondaco/http/assets/dashboard"
SHARED = {"site/icon.svg": "icon.svg", "site/tokens.css": "styles/tokens.css"}
"""Files of the site that are the dashboard's."""

_COMMENT = re.compile(r"^<!--.*?-->\n", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\|.*", re.MULTILINE)
_CODE = re.compile(r"`[^`]+`")
_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root that the site shows as well, and the look that it shares with the dashboard."""
    root = Path(config.docs_dir).parent
    for source, name in COPIED.items():
        text = (root / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=text))
    for name, place in SHARED.items():
        text = (root / DASHBOARD / place).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the page without comments, and with links and code in tables that the site has."""
    known = {file.src_uri for file in files.documentation_pages()}
    parts = _FENCED.split(_COMMENT.sub("", markdown))
    return "".join(
        part
        if position % 2
        else _ROW.sub(_with_bars, _LINK.sub(lambda link: _fitted(link, page, known), part))
        for position, part in enumerate(parts)
    )


def on_post_template(output: str, template_name: str, config: MkDocsConfig) -> str:
    """Return a page that no Markdown is behind: the one for unknown addresses, relative to the site's root."""
    if template_name == "404.html":
        return re.sub(r'(?<=")/(?=[^/])|(?<=")/(?=")', "./", output)
    return ""  # a sitemap needs to know the site's address


def on_post_build(config: MkDocsConfig) -> None:
    """Remove what nobody asks for: maps for debuggers, and the search's other languages."""
    site = Path(config.site_dir)
    for unneeded in site.rglob("*.map"):
        unneeded.unlink()
    shutil.rmtree(site / "assets/javascripts/lunr", ignore_errors=True)


def _with_bars(row: re.Match[str]) -> str:
    """Return a table's row with bars in code as they are: the site's Markdown would show their backslashes."""
    return _CODE.sub(lambda code: code[0].replace(r"\|", "|"), row[0])


def _fitted(link: re.Match[str], page: Page, known: set[str]) -> str:
    """Return a link as the site has it; its text alone, where the site lacks its target."""
    origins = {new: old for old, new in COPIED.items()}
    source = page.file.src_uri
    folder = PurePosixPath(origins.get(source, f"docs/{source}")).parent
    target = posixpath.normpath(str(folder / link["path"]))
    on_site = COPIED.get(target) or target.removeprefix("docs/")
    if on_site not in known:
        return link["text"]
    relative = posixpath.relpath(on_site, str(PurePosixPath(source).parent))
    return f"[{link['text']}]({relative}{link['anchor'] or ''})"

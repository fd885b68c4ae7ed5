"""Read a report the way a browser does: each page's text, its elements with attributes, and the data files."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class Page(HTMLParser):
    """`elements`: (tag, attributes); `scripts`: what each <script> holds; `text`: everything a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._inside: list[str] = []
        self._pieces: list[str] = []
        self.feed(html)
        self.close()
        self.text = " ".join(" ".join(self._pieces).replace("\u202f", " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside.append(tag)
            if tag == "script":
                self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if self._inside == ["script"]:
            attrs, before = self.scripts[-1]
            self.scripts[-1] = (attrs, before + data)
        elif not self._inside:
            self._pieces.append(data)

    def values(self, attribute: str) -> list[str]:
        return [str(attrs[attribute]) for _, attrs in self.elements if attribute in attrs]


class Report:
    """The pages of a report's folder by the name of their file without its end, and what they say together.

    The genome browser, which has tests of its own, is left out.
    """

    def __init__(self, first: Path) -> None:
        self.folder = first.parent
        files = [path for path in sorted(self.folder.glob("*.html")) if path.name != "browser.html"]
        self.pages = {path.stem: Page(path.read_text(encoding="utf-8")) for path in files}
        self.text = " ".join(page.text for page in self.pages.values())

    def __getitem__(self, name: str) -> Page:
        return self.pages[name]

    def values(self, attribute: str) -> list[str]:
        return [value for page in self.pages.values() for value in page.values(attribute)]

    def file(self, name: str) -> Any:
        """What data/NAME.js hands over."""
        text = (self.folder / "data" / f"{name}.js").read_text(encoding="utf-8")
        start = f'lrpgenData("{name}",'
        assert text.startswith(start)
        assert text.endswith(");\n")
        return json.loads(text[len(start) : -3])

    def data(self) -> dict[str, Any]:
        """The table of loci with the bases of each."""
        table = self.file("loci")
        parts = sorted((self.folder / "data").glob("bases_*.js"), key=lambda path: int(path.stem.split("_")[1]))
        bases = [row for path in parts for row in self.file(path.stem)]
        rows = [[*row, *drawn] for row, drawn in zip(table["rows"], bases, strict=True)]
        return {**table, "fields": [*table["fields"], "sequence", "scale", "relevance"], "rows": rows}

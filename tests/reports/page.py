"""Reads a rendered page as a reader would: by section, with what each cell says and the exact value behind it."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "br", "link", "img", "hr"}


@dataclass
class Page(HTMLParser):
    """Text of each section by its anchor (`head` before the first), ids, exact values, tags."""

    text: dict[str, str] = field(default_factory=lambda: {"head": ""})
    exact: dict[str, list[str]] = field(default_factory=lambda: {"head": []})
    ids: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    section: str = "head"

    @classmethod
    def of(cls, html: str) -> "Page":
        page = cls()
        HTMLParser.__init__(page)
        page.feed(html)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "section":
            self.section = given["id"]
            self.text[self.section], self.exact[self.section] = "", []
        if "id" in given:
            self.ids.append(given["id"])
        if given.get("href", "").startswith("#"):
            self.references.append(given["href"][1:])
        for name in ("aria-labelledby", "clip-path", "fill"):
            self.references += (
                [part.strip("url(#)") for part in given.get(name, "").split() if "#" in part[:5]]
                if (name != "aria-labelledby") and given.get(name, "").startswith("url")
                else []
            )
        self.references += given.get("aria-labelledby", "").split()
        if "title" in given:
            self.exact[self.section].append(given["title"])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text[self.section] += f" {data.strip()}" if data.strip() else ""

    def charts(self) -> int:
        return sum(tag == "svg" for tag, _ in self.tags)

"""Markdown as a tree of plain lists, for a page that makes elements of it and never reads HTML from a script's text.

A text is a string; anything else is a list that begins with its tag: `["p", "one ", ["strong", "two"]]`. A link has its
address behind the tag. HTML in the text stays the characters that it is written with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphlab.renderers.reading import plain

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_TAGS = {
    "paragraph": "p",
    "bullet_list": "ul",
    "ordered_list": "ol",
    "list_item": "li",
    "blockquote": "blockquote",
    "strong": "strong",
    "em": "em",
    "heading": "h3",
    "table": "table",
    "thead": "thead",
    "tbody": "tbody",
    "tr": "tr",
    "th": "th",
    "td": "td",
}
_ALLOWED_LINKS = ("https://", "http://")


def read_prose(text: str) -> list[Any]:
    """Return a Markdown text as a tree."""
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_block", "html_inline"])
    return list(_read_inside(SyntaxTreeNode(parser.parse(text))))


def _read_inside(node: SyntaxTreeNode) -> Iterator[Any]:
    """Yield what is in a node, words that follow one another as one text."""
    text = ""
    for piece in (piece for child in node.children for piece in _read(child)):
        if isinstance(piece, str):
            text += piece
            continue
        if text:
            yield text
        text = ""
        yield piece
    if text:
        yield text


def _read(node: SyntaxTreeNode) -> Iterator[Any]:
    if node.type in {"fence", "code_block"}:
        yield ["pre", "\n".join(map(plain, node.content.rstrip("\n").split("\n")))]
    elif node.type == "code_inline":
        yield ["code", plain(node.content)]
    elif node.type == "text":
        yield plain(node.content)
    elif node.type in {"softbreak", "hardbreak"}:
        yield ["br"] if node.type == "hardbreak" else " "
    elif node.type == "hr":
        yield ["hr"]
    elif node.type == "link" and str(node.attrs.get("href", "")).startswith(_ALLOWED_LINKS):
        yield ["a", plain(str(node.attrs["href"])), *_read_inside(node)]
    elif node.type == "paragraph" and node.hidden:  # of a list without empty lines
        yield from _read_inside(node)
    elif node.type in _TAGS:
        yield [_TAGS[node.type], *_read_inside(node)]
    else:
        yield from _read_inside(node)

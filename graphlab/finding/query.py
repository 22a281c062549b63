"""The language of the search: what a person types, as terms that are plain values.

Separate from the matching, so that a query is understood, or said to be wrong in one line, without any recording.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass

from graphlab.language import _

KINDS = ("op", "parameter", "leaf", "data", "output", "line", "printed", "error")
"""What `kind:` takes: the kinds of nodes, then what is found beside them."""
TEXT_KEYS = ("op", "name", "module", "file", "dtype")
GRADIENT_STATES = ("0", "none", "nan", "inf")
VALUE_STATES = ("0", "nan", "inf")
NORMS = ("|grad|", "|value|")
ANY = "any"
"""The key of a bare `nan` or `inf`, which asks both value and gradient."""
WORD = "word"

UNDERSTOOD = "op: name: module: shape: line: file: kind: dtype: grad: value: |grad|>1 |value|<1"
_UNKNOWN_KEY = _("there is no {key}: here; understood are {understood} (in quotes it is a plain word)")
_NEEDS_TEXT = _("{key}: needs a word after it, such as {example}")
_BAD_SHAPE = _("shape: takes sizes such as [20,10], with * for any one and ... for any more, not {text!r}")
_BAD_LINE = _("line: takes the number of a line, not {text!r}")
_BAD_KIND = _("kind: takes one of {kinds}, not {text!r}")
_BAD_STATE = _("{key}: takes one of {states}, not {text!r}")
_BAD_NUMBER = _("{key} is compared with a number, such as {key}>100 or {key}<1e-6, not with {text!r}")
_EXAMPLES = {
    "op": "op:relu",
    "name": "name:W_h",
    "module": "module:encoder.3",
    "file": "file:model",
    "dtype": "dtype:int",
}

_LOOSELY = re.IGNORECASE | re.DOTALL
_TOKEN = re.compile(
    r'(?P<minus>-?)(?:(?P<key>[A-Za-z]+):)?"(?P<quoted>(?:[^"\\]|\\.)*)(?:"|\\?\Z)|(?P<plain>\S+)', re.DOTALL
)
_COMPARED = re.compile(
    r"(?P<bar>\|)?(?P<what>grad|value)(?(bar)\|)(?P<sign><=|>=|==?|<|>)(?P<number>.*)", re.IGNORECASE | re.DOTALL
)
_KEYED = re.compile(r"([A-Za-z]+):(.*)", re.DOTALL)
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_.]+")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is asked."""

    key: str
    """`word`, `any`, `|grad|`, `|value|`, or what stands before the colon."""
    text: str
    """What is looked for: a word, a shape (`[*,10]`), a kind, a state; of a comparison its sign."""
    number: float = 0.0
    """What is compared with; the number of a line."""
    is_excluded: bool = False

    @property
    def asks_loss(self) -> bool:
        """Whether it is the word for what a backward begins at, whatever the script calls that."""
        return self.key == WORD and _plain(self.text) in {"loss", _plain(_("loss"))}

    @property
    def asks_gradient(self) -> bool:
        """Whether a gradient alone can answer it."""
        return self.key in {"grad", "|grad|"}

    @property
    def asks_value(self) -> bool:
        """Whether a value alone can answer it."""
        return self.key in {"value", "|value|"}

    @property
    def asks_figures(self) -> bool:
        """Whether the figures of tensors answer it, and not a text."""
        return self.asks_gradient or self.asks_value or self.key == ANY


@dataclass(frozen=True, slots=True)
class Query:
    """All that is asked: what is found satisfies every term."""

    terms: tuple[Term, ...]

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def wanted(self) -> tuple[Term, ...]:
        """The terms that must hold."""
        return tuple(term for term in self.terms if not term.is_excluded)

    @property
    def excluded(self) -> tuple[Term, ...]:
        """The terms that must not hold."""
        return tuple(term for term in self.terms if term.is_excluded)

    @property
    def asks_figures(self) -> bool:
        """Whether any term asks for the figures of tensors."""
        return any(term.asks_figures for term in self.terms)


def _plain(word: str) -> str:
    """Return a word without capitals and accents: `perdida` is typed as often as `pérdida`."""
    parts = unicodedata.normalize("NFD", word.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def parse_query(text: str) -> Query | str:
    """Return what a text asks, or the sentence that says what is wrong with it."""
    terms = []
    for token in _TOKEN.finditer(text):
        found = _read_quoted(token) if token["quoted"] is not None else _read_plain(token["plain"])
        if isinstance(found, str):
            return found
        if found is not None:
            terms.append(found)
    return Query(tuple(terms))


def format_query(query: Query) -> str:
    """Write a query as it could be typed."""
    return " ".join(format_term(term) for term in query.terms)


def format_term(term: Term) -> str:
    """Write a term as it could be typed."""
    sign = "-" if term.is_excluded else ""
    if term.key == ANY:
        return sign + term.text
    if term.key in NORMS:
        return f"{sign}{term.key}{term.text}{term.number!r}"
    if term.key == "line":
        return f"{sign}line:{int(term.number)}"
    key = "" if term.key == WORD else f"{term.key}:"
    is_plain = _PLAIN_WORD.fullmatch(term.text) and (term.key != WORD or term.text.lower() not in {"nan", "inf"})
    escaped = re.sub(r'(["\\])', r"\\\1", term.text)
    return f"{sign}{key}{term.text}" if is_plain else f'{sign}{key}"{escaped}"'


def _read_quoted(token: re.Match[str]) -> Term | str | None:
    text = re.sub(r"\\(.)", r"\1", token["quoted"], flags=re.DOTALL)
    is_excluded = bool(token["minus"])
    if token["key"] is not None:
        return _read_keyed(token["key"], text, is_excluded=is_excluded)
    return Term(WORD, text, is_excluded=is_excluded) if text else None


def _read_plain(text: str) -> Term | str:
    is_excluded = text.startswith("-") and len(text) > 1
    text = text[1:] if is_excluded else text
    if text.lower() in {"nan", "inf"}:
        return Term(ANY, text.lower(), is_excluded=is_excluded)
    compared = _COMPARED.fullmatch(text)
    if compared:
        key = f"|{compared['what'].lower()}|"
        number = _read_number(compared["number"])
        if number is None:
            return _BAD_NUMBER.format(key=key, text=compared["number"])
        return Term(key, compared["sign"].replace("==", "="), number, is_excluded)
    begun = re.match(r"\|(grad|value)\b", text, re.IGNORECASE)
    if begun:
        return _BAD_NUMBER.format(key=f"|{begun[1].lower()}|", text=text[begun.end() :].removeprefix("|"))
    keyed = _KEYED.fullmatch(text)
    if keyed:
        return _read_keyed(keyed[1], keyed[2], is_excluded=is_excluded)
    return Term(WORD, text, is_excluded=is_excluded)


def _read_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _read_keyed(key: str, text: str, *, is_excluded: bool) -> Term | str:
    key = key.lower()
    if key in TEXT_KEYS:
        text = text.removeprefix("torch.") if key == "dtype" else text
        return Term(key, text, is_excluded=is_excluded) if text else _needs_text(key)
    if key == "shape":
        shape = read_shape(text)
        return _BAD_SHAPE.format(text=text) if shape is None else Term(key, shape, is_excluded=is_excluded)
    if key == "line":
        is_number = re.fullmatch(r"[0-9]{1,9}", text)
        return Term(key, "", int(text), is_excluded) if is_number else _BAD_LINE.format(text=text)
    if key == "kind":
        kind = next((kind for kind in KINDS if text and kind.startswith(text.lower())), None)
        return (
            _BAD_KIND.format(kinds=", ".join(KINDS), text=text) if kind is None else Term(key, kind, 0.0, is_excluded)
        )
    states = {"grad": GRADIENT_STATES, "value": VALUE_STATES}.get(key)
    if states is None:
        return _UNKNOWN_KEY.format(key=key, understood=UNDERSTOOD)
    if text.lower() not in states:
        return _BAD_STATE.format(key=key, states=", ".join(states), text=text)
    return Term(key, text.lower(), is_excluded=is_excluded)


def _needs_text(key: str) -> str:
    return _NEEDS_TEXT.format(key=key, example=_EXAMPLES[key])


def read_shape(text: str) -> str | None:
    """Return a shape as it is written here (`[*,10]`), from what a person types (`20x10`, `[*, 10]`); else None."""
    inner = text.strip().removeprefix("[").removesuffix("]").strip()
    sizes = [size.strip().replace("…", "...") for size in re.split(r"[,x×]", inner)] if inner else []
    if not text.strip() or not all(re.fullmatch(r"[0-9]{1,18}|\*|\.\.\.", size) for size in sizes):
        return None
    return f"[{','.join(size if size in {'*', '...'} else str(int(size)) for size in sizes)}]"

"""The right side of the gallery: what a scenario is about, its parameters, and its source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from graphlab.errors import UsageError
from graphlab.scenario import Parameter, convert_setting
from graphlab.tui import messages
from graphlab.tui.block import RowsBlock
from graphlab.tui.gallery_rows import Entry, head_rows, source_rows
from graphlab.tui.recent import Recent
from graphlab.tui.rows import rule

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from textual import events
    from textual.widgets import Markdown

_SOURCE_LINES = 60


def shown_default(parameter: Parameter) -> str:
    """Return a parameter's default as a person would type it."""
    return parameter.default if isinstance(parameter.default, str) else repr(parameter.default)


def make_parser() -> MarkdownIt:
    """Return a Markdown parser that calls a code block without a language plain text.

    Textual would guess the language, for which it loads every lexer there is: 0.2 s for a formula.
    """
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    class Parser(MarkdownIt):
        def parse(self, src: str, env: Any = None) -> list[Token]:
            tokens = super().parse(src, env)
            for token in tokens:
                if token.type in {"fence", "code_block"} and not token.info:
                    token.info = "text"
            return tokens

    return Parser("gfm-like")


class ParameterLine(Horizontal):
    """One parameter: its name, a line to type a value into, and its type with what is wrong."""

    def __init__(self, parameter: Parameter, width: int) -> None:
        super().__init__(classes="parameter")
        self.parameter = parameter
        self.default = shown_default(parameter)
        self._name_width = width
        self.line = Input(self.default, compact=True)
        self.note = Static(self._type_words, classes="type", markup=False)

    def compose(self) -> ComposeResult:
        """Lay them side by side."""
        name = Static(self.parameter.name, classes="name", markup=False)
        name.styles.width = self._name_width
        yield name
        yield self.line
        yield self.note

    @property
    def _type_words(self) -> str:
        return self.parameter.type

    @property
    def problem(self) -> str:
        """What is wrong with the value, or nothing."""
        try:
            convert_setting(self.parameter, self.line.value)
        except UsageError as error:
            return str(error)
        return ""

    def check(self) -> None:
        """Say whether the value is changed, or wrong."""
        problem = self.problem
        self.set_class(bool(problem), "-bad")
        self.set_class(not problem and self.line.value != self.default, "-changed")
        self.note.update(problem or self._type_words)

    def reset(self) -> None:
        """Take the default back."""
        self.line.value = self.default


class ScenarioDetail(VerticalScroll, inherit_bindings=False):
    """Tells of one scenario; its parameters can be changed before it runs."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, can_focus=False)
        self.entry: Entry | None = None
        self._shown_name: str | None = None

    def compose(self) -> ComposeResult:
        """Make the parts; they are filled when a scenario is chosen."""
        yield RowsBlock(lambda width: [], id="head")
        yield RowsBlock(lambda width: [rule(messages.PARAMETERS_RULE, width)], id="parameters-rule")
        yield Vertical(id="parameters")
        yield Button(f"▶ {messages.RECORD}", id="record", compact=True)
        yield RowsBlock(lambda width: [], id="preview")

    def show_head(self, entry: Entry, recent: Recent | None) -> None:
        """Show the title at once: the rest takes longer and may follow."""
        self.query_one("#head", RowsBlock).show(lambda width: head_rows(entry, recent, width))

    async def show(self, entry: Entry, recent: Recent | None) -> None:
        """Show a scenario."""
        self.show_head(entry, recent)
        self.entry = entry
        scenario = entry.scenario
        name = entry.name or entry.problem
        if name == self._shown_name:
            return
        self._shown_name = name
        self.scroll_home(animate=False)
        has_parameters = scenario is not None and bool(scenario.parameters)
        self.query_one("#parameters-rule").display = has_parameters
        self.query_one("#parameters").display = has_parameters
        self.query_one("#record").display = scenario is not None
        preview = self.query_one("#preview", RowsBlock)
        description = await self._description()
        description.display = bool(scenario is not None and scenario.description)
        if scenario is None:
            preview.show(lambda width: [])
            return
        await description.update(scenario.description)
        await self._show_parameters(scenario.parameters)
        rows = source_rows(scenario, _SOURCE_LINES)
        preview.show(lambda width: [[], rule(messages.SOURCE_RULE, width), *rows])

    async def _description(self) -> Markdown:
        """Return the widget of the description, made when it is first needed: its import takes longer than the rest."""
        from textual.widgets import Markdown

        found = self.query(Markdown)
        if found:
            return found.first()
        made = Markdown(id="description", open_links=False, parser_factory=make_parser)
        await self.mount(made, after="#head")
        return made

    async def _show_parameters(self, parameters: Iterable[Parameter]) -> None:
        form = self.query_one("#parameters", Vertical)
        await form.remove_children()
        known = list(parameters)
        width = max((len(parameter.name) for parameter in known), default=0) + 3
        await form.mount(*(ParameterLine(parameter, width) for parameter in known))

    @property
    def lines(self) -> list[ParameterLine]:
        """The parameters' lines."""
        return list(self.query(ParameterLine))

    def settings(self) -> dict[str, str]:
        """Return the parameters that were changed, as texts.

        Raises:
            UsageError: a value is of the wrong type.
        """
        changed = {}
        for line in self.lines:
            if line.line.value != line.default:
                convert_setting(line.parameter, line.line.value)
                changed[line.parameter.name] = line.line.value
        return changed

    def first_bad(self) -> ParameterLine | None:
        """Return the first line whose value is wrong."""
        return next((line for line in self.lines if line.problem), None)

    def reset(self) -> None:
        """Take all defaults back."""
        for line in self.lines:
            line.reset()

    def focus_line(self, delta: int = 0) -> None:
        """Focus the first parameter, or the one before or after that which has the focus."""
        lines = self.lines
        focused: Widget | None = self.screen.focused
        index = next((number for number, line in enumerate(lines) if line.line is focused), None)
        if not lines:
            return
        wanted = 0 if index is None else min(max(index + delta, 0), len(lines) - 1)
        lines[wanted].line.focus()
        self.call_after_refresh(self._show_line, lines[wanted])

    def _show_line(self, line: ParameterLine) -> None:
        """Keep the button in sight while parameters are changed, and above all the parameter itself."""
        self.query_one("#record").scroll_visible(animate=False, immediate=True)
        line.scroll_visible(animate=False, immediate=True)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Check what is typed as it is typed."""
        event.stop()
        line: Any = event.input.parent
        if isinstance(line, ParameterLine):
            line.check()

    def on_click(self, event: events.Click) -> None:
        """Keep clicks on the text from taking the focus away."""

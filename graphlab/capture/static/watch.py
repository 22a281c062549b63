"""Follows a script until what is to be traced is at hand: a model with its inputs, and the start of a training step.

The run is made for this alone and recorded by nobody, so that a recording never differs for having been traced. It ends
where the tracing begins, with the script's own objects in the state in which the script left them.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import torch
from torch.utils import _pytree

from graphlab.capture.compiled import Compiled
from graphlab.capture.engine import Engine

FindFile = Callable[[CodeType], str | None]
"""Returns the text of a piece of code's file, where that is one of the script's own."""

_NO_FUNCTIONS = {"<module>", "<lambda>", "<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>"}


@dataclass
class Call:
    """The first call of a model or function, with copies of what it got."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    state: dict[str, torch.Tensor]
    """A model's parameters and buffers, as they were then."""
    random: torch.Tensor
    """The state of torch's generator."""
    place: tuple[str, int] | None
    """The file and line of the script that called."""

    @property
    def is_model(self) -> bool:
        """Whether it is a module, not a function."""
        return isinstance(self.function, torch.nn.Module)

    def has_parameters(self) -> bool:
        """Whether there is anything in it that learns."""
        return isinstance(self.function, torch.nn.Module) and any(True for _ in self.function.parameters())


@dataclass
class Loop:
    """The loop around the script's first backward."""

    code: CodeType
    node: ast.For | ast.While | ast.AsyncFor
    backward: int
    """The line of the loop's own body in which the backward ran."""


class Reached(BaseException):
    """Ends the script: all that is to be traced is at hand. Not an Exception: scripts catch those."""


class Watch:
    """Sees calls of models and functions, the first backward, and the step after it.

    Args:
        find_file: which code is the script's own.
        wants_call: whether a model or function is to be traced, and under which name.
        wants_step: whether the training step is to be traced.
        reached: told that the run is where tracing begins, with the frame of the step where one is wanted.
    """

    def __init__(
        self,
        find_file: FindFile,
        *,
        wants_call: bool,
        name: str | None,
        wants_step: bool,
        reached: Callable[[FrameType | None], None],
    ) -> None:
        self.calls: list[Call] = []
        self.loop: Loop | None = None
        self.backwards = 0
        self._find_file = find_file
        self._wants_call = wants_call
        self._name = name
        self._wants_step = wants_step
        self._reached = reached
        self._engine = Engine(self._before_backward)
        self._hook: Any = None
        self._compiled = Compiled(self._pass_compiled)
        self._known: dict[CodeType, str | None] = {}

    def start(self) -> None:
        """Begin to watch."""
        self._engine.start()
        self._compiled.start()
        self._hold()
        sys.settrace(self._trace)

    def stop(self) -> None:
        """Watch no more."""
        sys.settrace(None)
        self._let_go()
        self._compiled.stop()
        self._engine.stop()

    def _hold(self) -> None:
        if self._wants_call and self._hook is None:
            self._hook = torch.nn.modules.module.register_module_forward_pre_hook(self._module_called)

    def _let_go(self) -> None:
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _pass_compiled(self, is_compiled: bool) -> None:
        """Compiled code begins, whose compiler would trace us too; or it has ended."""
        if is_compiled:
            self._let_go()
        else:
            self._hold()

    def chosen(self) -> Call | None:
        """Return what is to be traced: what was named, else the first model that learns, else the first call."""
        if self._name is not None:
            return next((call for call in self.calls if call.name == self._name), None)
        learning = [call for call in self.calls if call.has_parameters()]
        models = [call for call in self.calls if call.is_model]
        return next(iter([*learning, *models, *self.calls]), None)

    def text_of(self, code: CodeType) -> str | None:
        """Return the text of the file of a piece of the script's own code."""
        if code not in self._known:
            self._known[code] = self._find_file(code)
        return self._known[code]

    # -- calls -----------------------------------------------------------------------------------------------------

    def _module_called(self, module: torch.nn.Module, args: tuple[Any, ...]) -> None:
        if _is_traced(args) or any(
            isinstance(call.function, torch.nn.Module) and _is_part(module, call.function) for call in self.calls
        ):
            return
        caller = sys._getframe(1)  # where torch calls us: our kind of hook is not told of keywords
        self._note(module, args, caller.f_locals.get("kwargs") or {}, caller)

    def _note(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType | None) -> None:
        state: dict[str, torch.Tensor] = {}
        if isinstance(function, torch.nn.Module):
            state = {name: copy_tensor(tensor) for name, tensor in _states(function)}
            name = self._name_of(function, frame) or type(function).__name__
        else:
            name = function.__name__
        copied_args, copied_kwargs = _pytree.tree_map(copy_tensor, (args, kwargs))
        place = self._place_of(frame if isinstance(function, torch.nn.Module) or frame is None else frame.f_back)
        self.calls.append(Call(name, function, copied_args, copied_kwargs, state, torch.get_rng_state(), place))

    def _place_of(self, frame: FrameType | None) -> tuple[str, int] | None:
        while frame is not None and self.text_of(frame.f_code) is None:
            frame = frame.f_back
        return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else None

    def _name_of(self, value: Any, frame: FrameType | None) -> str | None:
        """Return the variable of the script that holds a module."""
        while frame is not None:
            if self.text_of(frame.f_code) is not None:
                for names in (frame.f_locals, frame.f_globals):
                    found = next((name for name, held in names.items() if held is value and name != "self"), None)
                    if found is not None:
                        return found
            frame = frame.f_back
        return None

    def _function_called(self, frame: FrameType) -> None:
        """A function of the script's own begins: note it where it works on tensors."""
        code = frame.f_code
        is_plain = not code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR)
        if code.co_name in _NO_FUNCTIONS or not is_plain or any(_code_of(call) is code for call in self.calls):
            return
        function = _find_function(frame)
        if function is None or _is_inside_module(frame):
            return
        names = code.co_varnames[: code.co_argcount]
        values = tuple(frame.f_locals[name] for name in names)
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        if any(isinstance(value, torch.Tensor) for value in values) and not _is_traced(values):
            self._note(function, values, {name: frame.f_locals[name] for name in keywords}, frame)

    # -- the training step -----------------------------------------------------------------------------------------

    def _before_backward(self, roots: Sequence[Any], args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        self.backwards += 1
        if self.loop is None and self.backwards == 1:
            self.loop = self._find_loop(sys._getframe(1))
        chosen = self.chosen() if self._wants_call else None
        has_call = not self._wants_call or (chosen is not None and (chosen.is_model or self._name is not None))
        if not self._wants_step and has_call:
            self._end(None)

    def _find_loop(self, frame: FrameType | None) -> Loop | None:
        """Return the innermost loop of the script's own that is running, from a frame outwards."""
        while frame is not None:
            text = self.text_of(frame.f_code)
            if text is not None:
                node = _loop_at(text, frame.f_code, frame.f_lineno)
                if node is not None:
                    return Loop(frame.f_code, node, frame.f_lineno)
            frame = frame.f_back
        return None

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        if self.text_of(frame.f_code) is None:
            return None
        if self._wants_call and event == "call":
            self._function_called(frame)
        return self._line

    def _line(self, frame: FrameType, event: str, arg: Any) -> Any:
        loop = self.loop
        if loop is not None and event == "line" and self._wants_step and frame.f_code is loop.code:
            first = loop.node.body[0]
            if frame.f_lineno == first.lineno or frame.f_lineno == _first_line(first):
                self._end(frame)
        return self._line

    def _end(self, frame: FrameType | None) -> None:
        self.stop()
        self._reached(frame)
        raise Reached


def copy_tensor(value: Any) -> Any:
    """Return a copy of a tensor that shares nothing with it, and anything else as it is."""
    if not isinstance(value, torch.Tensor):
        return value
    return value.detach().clone().requires_grad_(value.requires_grad)


def _states(module: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    both = [*module.named_parameters(), *module.named_buffers()]
    return [(name, tensor) for name, tensor in both if not isinstance(tensor, torch.nn.UninitializedParameter)]


def _is_traced(args: tuple[Any, ...]) -> bool:
    """Whether the script has something traced itself just now: that call is none of its own."""
    is_symbolic = any(isinstance(value, torch.fx.Proxy) for value in args)
    return is_symbolic or torch._C._is_tracing() or torch._C._len_torch_dispatch_stack() > 0


def _is_part(module: torch.nn.Module, whole: torch.nn.Module) -> bool:
    return any(part is module for part in whole.modules())


def _code_of(call: Call) -> CodeType | None:
    return getattr(call.function, "__code__", None)


def _find_function(frame: FrameType) -> Any:
    """Return the function that a frame runs, where its caller or its module holds it under its own name."""
    for names in (frame.f_back.f_locals if frame.f_back is not None else {}, frame.f_globals):
        found = names.get(frame.f_code.co_name)
        if getattr(found, "__code__", None) is frame.f_code:
            return found
    return None


def _is_inside_module(frame: FrameType | None) -> bool:
    """Whether a function is called by a model's forward, of which it is a part."""
    call = torch.nn.Module._call_impl.__code__
    while frame is not None:
        if frame.f_code is call:
            return True
        frame = frame.f_back
    return False


def _loop_at(text: str, code: CodeType, line: int) -> ast.For | ast.While | ast.AsyncFor | None:
    """Return the innermost loop around a line, within the function that a piece of code is."""
    loops = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.For | ast.While | ast.AsyncFor)
        and node.body[0].lineno <= line <= (node.body[-1].end_lineno or line)
        and (code.co_name == "<module>" or node.lineno >= code.co_firstlineno)
    ]
    inner = max(loops, key=lambda node: node.lineno, default=None)
    if inner is None or (code.co_name == "<module>" and _is_in_function(text, inner)):
        return None
    return inner


def _is_in_function(text: str, loop: ast.stmt) -> bool:
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return any(node.lineno <= loop.lineno <= (node.end_lineno or 0) for node in functions)


def _first_line(statement: ast.stmt) -> int:
    """Return the line on which the interpreter begins a statement: that of its decorator, or its innermost part."""
    decorators = getattr(statement, "decorator_list", None)
    return int(decorators[0].lineno) if decorators else statement.lineno

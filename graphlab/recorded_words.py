"""Says in the language of the process what a recording holds in English: notes, how it was cut off, what a tracer met.

A recording is the same whatever its maker spoke, so its own words are translated where they are shown: a text is
recognised by the template that it was made of. What is not recognised, such as torch's own words, stays as it is.
"""

from __future__ import annotations

import functools
import re

from graphlab.language import LANGUAGES, current, gettext


def _recorded(text: str) -> str:
    """Mark a template for the catalog; it is looked up when such a text is shown."""
    return text


_TEMPLATES = (
    # Notes of a recording.
    _recorded("threads that began before the recording, or without `threading`, are not recorded"),
    _recorded("inside torch.func (grad, vmap and the like) no ops are recorded, only what comes out"),
    _recorded("not everything could be recorded: {error}"),
    _recorded("lines are recorded up to where a trace function of its own, or its depth, ended ours"),
    _recorded("lines are not recorded: a debugger, coverage or another tracer is already at work"),
    _recorded("beyond {size} bytes the run went on in light detail"),
    _recorded(
        "several threads update the same parameters in turn: what one of them reads in a step, another may have "
        "changed before the step ends"
    ),
    # How a recording was cut off.
    _recorded("the recording ends at line {line} of {file}, in step {step}: {failed}; the run went on"),
    _recorded("the recording ends at line {line}, in step {step}: {failed}; the run went on"),
    _recorded("the recording ends in step {step}: {failed}; the run went on"),
    _recorded("the recording ends before its first line: {failed}; the run went on"),
    _recorded("the run was cut off at line {line} of {file}, in step {step}: its process crashed or was killed"),
    _recorded("the run was cut off at line {line}, in step {step}: its process crashed or was killed"),
    _recorded("the run was cut off in step {step}: its process crashed or was killed"),
    _recorded("the run was cut off before its first line: its process crashed or was killed"),
    # Why a tracer has no graph, or what its graph leaves out.
    _recorded("{what}, and {tracer} has no values while it traces"),
    _recorded("{code} needs a value, and {tracer} has none while it traces"),
    _recorded("{code} stops {tracer}: {error}"),
    _recorded("{what}: the graph holds only what {values} led to"),
    _recorded("{code} takes a number out of the graph ({values}): from there on a constant"),
    _recorded("{code} takes a value out of the graph: from there on a constant"),
    _recorded("{what}: it was asked once, and the answers are frozen"),
    _recorded("{what}: it was asked {count} times, and the answers are frozen"),
    _recorded("{code} decides by a value which branch runs"),
    _recorded("{code} decides by a value how often it runs"),
    _recorded("{code} decides by a value what is computed"),
    _recorded("{code} checks a value"),
    _recorded("the step cannot run by itself: it leaves its function there"),
    _recorded("the script runs no backward, so there is no training step"),
    _recorded("the training loop is not in the script's own files, so its step cannot be run alone"),
    _recorded("torch.jit.trace takes tensors alone, and this call was given something else too"),
    _recorded("{what}: the graph ends there, Python decides, another goes on"),
    _recorded("its {count} nodes are too many to keep"),
    _recorded("it could not be written any more"),
    # What was traced, and by what where that is no name of torch's.
    _recorded("make_fx of a training step"),
    _recorded("the whole script"),
    _recorded("lines {first} to {last}"),
    _recorded("line {line}"),
)
_PLACEHOLDER = re.compile(r"\\\{(\w+)\\\}")


def say_recorded(text: str) -> str:
    """Return a text of a recording as it is shown."""
    if current() == LANGUAGES[0]:
        return text
    for pattern, template in _patterns():
        if match := pattern.fullmatch(text):
            parts = {name: say_recorded(part) if part != text else part for name, part in match.groupdict().items()}
            return gettext(template).format(**parts)
    return text


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [
        (re.compile(_PLACEHOLDER.sub(r"(?P<\1>.+?)", re.escape(template)), re.DOTALL), template)
        for template in _TEMPLATES
    ]

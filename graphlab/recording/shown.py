"""How a recording shows itself in a notebook. A module of its own, because it looks up to what draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.recording.run import Recording


class ShownInNotebooks:
    """A recording is shown as its steps and its graph at the end."""

    def _repr_html_(self: Recording) -> str:  # type: ignore[misc]  # only a Recording is one of these
        from graphlab.renderers.notebook import recording_html

        return recording_html(self)

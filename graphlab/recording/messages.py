"""What a recording says of places that it does not have."""

from __future__ import annotations

from graphlab.language import _

NO_EVENT = _("there is no event e{number}: the recording has e1 to e{last}")
NO_EVENTS = _("the recording holds no event")
NO_STEP = _("there is no step {number}: the recording has {count} (1 to {count})")
NO_MOMENT = _("there is no event e{number}: the recording has e0 to e{last}")
NO_PHASE = _("there is no {phase} phase there")
NO_LINE = _("line {line} did not run there: choose a line that `graphlab show --plain` names")
NO_NODE = _("there is no node {number}")

"""The facts of a run as a whole, from the file's."""

from __future__ import annotations

from typing import Any

from graphlab.model import RunError, RunFacts


def read_facts(meta: dict[str, Any]) -> RunFacts:
    """Return the facts of a run, where they are missing as those of a run that has just begun."""
    error = meta.get("error")
    return RunFacts(
        scenario=meta.get("scenario", ""),
        script=meta.get("script", ""),
        argv=tuple(meta.get("argv", ())),
        device=meta.get("device", "cpu"),
        torch=meta.get("torch", ""),
        seed=meta.get("seed"),
        detail=meta.get("detail", "full"),
        status=meta.get("status", "running"),
        error=RunError(**error) if error else None,
        parameters=meta.get("parameters", {}),
        modules=meta.get("modules", {}),
    )

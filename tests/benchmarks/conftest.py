"""The table of `make bench`: what recording costs, and what other tools do."""

from __future__ import annotations

from typing import Any

import pytest

MEASURED = pytest.StashKey[dict[str, Any]]()
"""By tool: what `tests.benchmarks.measure` has printed; a text says why nothing was measured."""

TARGETS = {
    "light": (1.5, 1.05, 1.1, 2.0, None),
    "full": (5.0, 1.3, 1.5, 6.0, None),
}
"""How many times a bare step a recorded one may take, in the order of the cases; None: it is only measured."""


@pytest.fixture
def measured(pytestconfig: pytest.Config) -> dict[str, Any]:
    """Return where results are gathered for the table."""
    return pytestconfig.stash.setdefault(MEASURED, {})


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table."""
    measured = config.stash.get(MEASURED, {})
    tools = {tool: found for tool, found in measured.items() if tool not in {"growth", "long"}}
    if not measured:
        return
    terminalreporter.section("what recording costs, in times the bare step")
    for tool, found in tools.items():
        if isinstance(found, str):
            terminalreporter.write_line(f"{tool}: {found}")
    shown = {tool: found for tool, found in tools.items() if not isinstance(found, str)}
    if shown:
        for row in _rows(shown):
            terminalreporter.write_line(row)
    if isinstance(found := measured.get("growth"), dict):
        each = ", ".join(f"{int(count):,}: {cost:.0f}" for count, cost in found["node_us"].items())
        terminalreporter.write_line(f"full, microseconds a node, by nodes in the graph: {each}")
        first, late = found["first_step_ms"], found["late_step_ms"]
        terminalreporter.write_line(
            f"full, milliseconds a step of 40 ops: {first:.2f} early, {late:.2f} after 950 more"
        )
    if isinstance(found := measured.get("long"), dict):
        terminalreporter.write_line(
            f"light, {found['steps']:,} steps: {found['early_us']:.0f} microseconds a step early, "
            f"{found['late_us']:.0f} at the end; {found['bytes']:.0f} bytes a parameter and step (≤ 50); "
            f"opened in {found['opened_ms']:.0f} ms (≤ 300), any step in {found['shown_ms']:.0f} ms (≤ 50), "
            f"checked in {found['checked_s']:.1f} s (≤ 10)"
        )


def _rows(tools: dict[str, Any]) -> list[str]:
    cases = list(dict.fromkeys(case for found in tools.values() for case in found))
    lines = [f"{'case':<44}{'bare ms':>9}" + "".join(f"{_head(tool):>30}" for tool in tools)]
    for index, case in enumerate(cases):
        bare = min(
            (found[case]["bare_ms"] for found in tools.values() if "bare_ms" in found.get(case, {})), default=0.0
        )
        cells = [
            _cell(found.get(case), TARGETS[tool][index] if tool in TARGETS else None) for tool, found in tools.items()
        ]
        lines.append(f"{case:<44}{bare:>9.2f}" + "".join(f"{cell:>30}" for cell in cells))
    return [line.rstrip() for line in lines]


def _head(tool: str) -> str:
    return f"{tool} (target)" if tool in TARGETS else tool


def _cell(found: dict[str, Any] | None, target: float | None) -> str:
    if found is None:
        return "too slow"
    if "failed" in found:
        return str(found["failed"])
    if target is None:
        return f"{found['ratio']:.1f}"
    return f"{found['ratio']:.2f} (≤ {target:g}) {'met' if found['ratio'] <= target else 'not met'}"

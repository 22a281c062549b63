"""Writes what is reckoned from many recorded numbers: the paths to a leaf, the Jacobian of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.analysis.rules.flow import start_before
from graphlab.analysis.rules.jacobian import find_jacobian
from graphlab.analysis.rules.paths import find_contributions, say_count, say_path
from graphlab.cli import messages
from graphlab.cli.output import write_json, write_line
from graphlab.cli.rule import find_node, namer, read_moment
from graphlab.errors import UsageError
from graphlab.model import LEAF_KINDS
from graphlab.sentences import format_number

if TYPE_CHECKING:
    from graphlab.recording import Recording

_MOST_IN_JSON = 2**63
"""Paths that are still written as a number."""


def show_paths(recording: Recording, text: str, at: str | None, *, has_json: bool) -> None:
    """Write which paths bring how much to a leaf's gradient.

    Raises:
        UsageError: there is no such event or leaf, or no backward yet.
    """
    moment = read_moment(recording, at)
    leaf = find_node(recording, text, moment)
    name_of = namer(recording, moment)
    if leaf.kind not in LEAF_KINDS:
        raise UsageError(messages.PATHS_NOT_A_LEAF.format(name=name_of(leaf.id)))
    start = start_before(recording, moment)
    if start is None:
        step = recording.step_of(moment).step
        raise UsageError(messages.PATHS_NO_BACKWARD.format(event=moment, step=step))
    found = find_contributions(recording, leaf, start)
    if found.missing:
        raise UsageError(found.missing)
    if has_json:
        shares = [
            {
                "nodes": list(share.nodes),
                "modules": list(share.modules),
                "path": say_path(share, name_of),
                # A deep network has more paths than numbers that JSON readers take.
                "count": share.count if share.count < _MOST_IN_JSON else None,
                "norm": share.norm,
                "share": share.share,
                "is_rest": share.is_rest,
            }
            for share in found.shares
        ]
        write_json({"leaf": leaf.id, "name": name_of(leaf.id), "backward": start, "error": found.error,
                    "by_module": found.is_by_module, "paths": shares})  # fmt: skip
        return
    count = sum(share.count for share in found.shares)
    error = "?" if found.error is None else f"{found.error:.1e}"
    write_line(
        messages.PATHS_HEAD.format(
            count=say_count(count), name=name_of(leaf.id), by=messages.PATHS_BY[found.by], error=error
        )
    )
    for share in found.shares:
        part = "?" if share.share is None else f"{share.share:.1%}"
        path = say_path(share, name_of)
        write_line(messages.PATHS_ROW.format(share=part, norm=format_number(share.norm), path=path))


def show_jacobian(recording: Recording, text: str, at: str | None, *, has_json: bool) -> None:
    """Write the Jacobian of a node in each of its inputs.

    Raises:
        UsageError: there is no such event or node.
    """
    moment = read_moment(recording, at)
    node = find_node(recording, text, moment)
    name_of = namer(recording, moment)
    edges = recording.reader.edges("WHERE target = ? ORDER BY slot", node.id) if node.kind == "op" else []
    said = []
    for edge in edges:
        if recording.node(edge.source).kind == "data":
            continue
        found = find_jacobian(recording, node, edge.slot, moment)
        name, source = name_of(node.id), name_of(edge.source)
        if isinstance(found, str):
            said.append({"slot": edge.slot, "source": edge.source, "name": source, "missing": found})
            if not has_json:
                write_line(messages.JACOBIAN_NONE.format(name=name, source=source, why=found))
            continue
        said.append({"slot": edge.slot, "source": edge.source, "name": source, "missing": None, "rank": found.rank,
                     "singular_values": list(found.singular), "matrix": found.matrix.tolist()})  # fmt: skip
        if not has_json:
            rows, columns = found.matrix.shape
            values = " ".join(map(format_number, found.singular)) or "-"
            head = messages.JACOBIAN_HEAD.format(
                name=name, source=source, rows=rows, columns=columns, rank=found.rank, values=values
            )
            write_line(head)
            for row in found.matrix:
                write_line("  " + " ".join(f"{format_number(value):>11}" for value in row.tolist()))
    if has_json:
        write_json({"node": node.id, "name": name_of(node.id), "op": node.op, "jacobians": said})

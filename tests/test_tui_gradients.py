"""The inspector's local rule, the summands of a gradient, and how far a backward has come."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlab.analysis.rules.flow import Summand, read_backward, shares_of
from graphlab.analysis.rules.local import find_rule
from graphlab.analysis.rules.paths import find_contributions
from graphlab.cli import main
from graphlab.model import Edge, Snapshot
from graphlab.recording import Recording, open_recording
from graphlab.recording.arguments import read_arguments, read_made
from graphlab.tui import messages
from graphlab.tui.app import GraphlabApp
from graphlab.tui.boxes import BoxPicture
from graphlab.tui.camera import Camera
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.inspector import InspectorPane, inspector_rows
from graphlab.tui.lanes import node_mark
from graphlab.tui.rows import join_text, row_text, row_width
from graphlab.tui.state import ExplorerState
from tests.recorded import record_text

RESIDUAL = """\
import torch
torch.manual_seed(0)
x = torch.randn(6, 4)
W1 = torch.randn(4, 5, requires_grad=True)
W2 = torch.randn(5, 5, requires_grad=True)
h = (x @ W1).relu()
branch = (h @ W2).tanh()
y = h + branch
loss = (y ** 2).mean()
loss.backward()
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("residual"), RESIDUAL)


def at_op(recording: Recording, op: str, *, kind: str = "gradient") -> ExplorerState:
    """Return the explorer's state right after a node of the backward has run."""
    found = [event for event in recording.events if event.kind == kind and event.node is not None]
    (event,) = [event for event in found if recording.node(event.node or 0).op == op]
    return ExplorerState(recording, at=event.id)


def text(state: ExplorerState, width: int = 44, height: int = 60) -> str:
    return "\n".join(row_text(row).rstrip() for row in inspector_rows(state, width, height))


def node_of(state: ExplorerState, name: str) -> int:
    return next(number for number, names in state.names().items() if name in names)


def test_the_rule_of_the_node_that_just_ran_stands_in_the_inspector(recording: Recording) -> None:
    said = text(at_op(recording, "TanhBackward0"))
    assert "∂L/∂mm = ∂L/∂branch · (1 − branch²)" in said
    assert "✓ error" in said


def test_in_the_forward_the_rule_is_what_the_backward_will_use(recording: Recording) -> None:
    state = at_op(recording, "TanhBackward0", kind="op")
    said = text(state)
    assert "local rule, used in backward" in said
    assert "✓" not in said


def test_no_heading_stands_over_the_rule_of_what_ran_after_the_backward(tmp_path: Path) -> None:
    state = at_op(record_text(tmp_path, f"{RESIDUAL}late = y.abs()\n"), "AbsBackward0", kind="op")
    assert "AbsBackward0" in text(state)
    assert messages.RULE_FORWARD not in text(state)


def test_what_needs_no_gradient_is_said_to_be_skipped(recording: Recording) -> None:
    state = ExplorerState(recording, at=recording.event_count)
    first, *_ = recording.reader.nodes("WHERE op = 'MmBackward0' ORDER BY id")
    state.choose(first.id)
    assert "∂L/∂x  skipped: it needs no gradient" in text(state)


def test_the_view_of_the_rule_shows_every_tensor_beside_the_others(recording: Recording) -> None:
    state = at_op(recording, "TanhBackward0")
    state.gradients.turn_view()
    said = text(state, width=90)
    assert "∂L/∂branch" in said
    assert "result = branch" in said
    assert "→ ∂L/∂mm" in said
    one = next(line for line in said.splitlines() if "→ ∂L/∂mm" in line)
    assert "result = branch" in one  # beside, not below
    state.gradients.turn_view()
    assert "result = branch" not in text(state, width=90)


def test_a_node_with_two_uses_waits_for_the_second_and_its_gradient_is_their_sum(recording: Recording) -> None:
    state = at_op(recording, "AddBackward0")
    h = node_of(state, "h")
    assert state.gradients.standing(h) == "waits"
    assert node_mark(state, state.node(h)) == ("◐", "gradient")
    assert state.gradients.standing(node_of(state, "branch")) == "ready"
    assert state.gradients.standing(node_of(state, "W1")) == "untouched"
    assert state.gradients.standing(node_of(state, "y")) == "ran"
    state.choose(h)
    waiting = text(state)
    assert "waits for a branch" in waiting
    assert "◌ matmul at line 7  not yet" in waiting
    plan = state.box_book.plan()
    assert plan is not None
    boxes = join_text(BoxPicture(state, plan).rows(Camera(), 80, 60))
    assert "◐ 1 of 2" in boxes
    after = at_op(recording, "ReluBackward0")
    assert after.gradients.standing(h) == "ran"
    summands = after.gradients.summands(h)
    assert [each.has_come for each in summands] == [True, True]
    shares = [share for share in shares_of(summands) if share is not None]
    assert sum(shares) == pytest.approx(1.0)
    assert "gradient: the sum of 2" in text(after)


def test_outside_of_a_backward_nothing_waits(recording: Recording) -> None:
    for moment in (0, 5, recording.event_count):
        state = ExplorerState(recording, at=moment)
        assert not state.gradients.is_under_way
        assert all(state.gradients.standing(node) is None for node in recording.structure(1).nodes)


def test_a_backward_is_walked_as_it_ran(recording: Recording) -> None:
    """At every moment what runs next was ready before, and nothing that waits runs."""
    (start,) = recording.find_events("kind = 'backward_start'")
    backward = read_backward(recording, start.id)
    assert backward is not None
    assert backward.end is not None
    for moment in range(start.id, backward.end - 1):
        state = ExplorerState(recording, at=moment)
        following = recording.event(moment + 1).node
        if following is not None:
            assert state.gradients.standing(following) == "ready"


def test_a_graph_too_large_for_objects_has_the_same_frontier(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every moment each node stands as it does where edges are objects, and has the same summands."""
    assert recording.path is not None
    assert not recording.is_large(1)
    monkeypatch.setattr("graphlab.recording.steps.MANY", 1)
    packed = open_recording(recording.path)
    assert packed.is_large(1)
    seen = set()
    for moment in range(recording.event_count + 1):
        here, there = ExplorerState(recording, at=moment), ExplorerState(packed, at=moment)
        for node in recording.structure(1).nodes:
            seen.add(here.gradients.standing(node))
            assert there.gradients.standing(node) == here.gradients.standing(node)
            assert there.gradients.summands(node) == here.gradients.summands(node)
    assert seen == {None, "ran", "ready", "waits", "untouched"}
    packed.close()


async def test_paths_through_a_large_graph_are_followed_beside_the_explorer(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The inspector says that it goes on, and shows the paths by itself when they are there."""
    assert recording.path is not None
    wanted = find_contributions(recording, recording.node(leaf_of(recording, "W1")), start_of(recording))
    monkeypatch.setattr("graphlab.recording.steps.MANY", 1)
    app = GraphlabApp(recording.path, at=recording.event_count)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.1)
        screen = app.screen
        assert isinstance(screen, ExploreScreen)
        state = screen.state
        state.choose(leaf_of(recording, "W1"))
        state.gradients.view = "paths"
        assert messages.FOLLOWING_PATHS in text(state, 80)
        state.changed()
        pane = screen.query_one(InspectorPane)
        shown = f"{wanted.shares[0].share:.1%}"
        for _unused in range(200):
            if any(shown in row_text(row) for row in pane._rows):
                break
            await pilot.pause(0.05)
        assert any(shown in row_text(row) for row in pane._rows)
        assert not state.gradients.take_owed()


def leaf_of(recording: Recording, name: str) -> int:
    return node_of(ExplorerState(recording, at=recording.event_count), name)


def start_of(recording: Recording) -> int:
    (start,) = recording.find_events("kind = 'backward_start'")
    return start.id


def test_shares_may_be_negative_and_make_one_together() -> None:
    def summand(values: list[float]) -> Summand:
        import numpy

        data = numpy.array(values, "<f4").tobytes()
        snapshot = Snapshot((len(values),), "float32", "cpu", "<f4", data=data)
        return Summand(Edge(1, 2, 0, 0, 0, ""), snapshot, has_come=True)

    assert shares_of([summand([3.0, 0.0]), summand([-1.0, 0.0])]) == pytest.approx([1.5, -0.5])
    assert shares_of([summand([1.0]), summand([-1.0])]) == [None, None]


@pytest.mark.parametrize("view", ["node", "rule"])
@pytest.mark.parametrize("size", [(24, 10), (37, 30), (80, 20), (120, 50)])
def test_every_row_is_as_wide_as_asked_at_every_moment(recording: Recording, view: str, size: tuple[int, int]) -> None:
    for moment in range(recording.event_count + 1):
        state = ExplorerState(recording, at=moment)
        if view == "rule":
            state.gradients.turn_view()
        for row in inspector_rows(state, *size):
            assert row_width(row) == size[0], (moment, row)


def test_a_light_step_and_a_graph_without_backward_have_no_rule_to_show(tmp_path: Path) -> None:
    light = record_text(
        tmp_path,
        "import torch\nw = torch.ones(2, requires_grad=True)\n"
        "for _ in range(2):\n    (w * w).sum().backward()\n    w.data.sub_(0.1)\n    w.grad = None\n",
        detail="light",
    )
    state = ExplorerState(light, at=light.event_count)
    state.gradients.turn_view()
    for number in light.structure(1).nodes:
        state.choose(number)
        assert inspector_rows(state, 40, 20)


async def test_v_checks_the_selected_leaf_in_the_background(tmp_path: Path) -> None:
    path = record_text(tmp_path, RESIDUAL).path
    assert path is not None
    app = GraphlabApp(path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.2)
        screen = app.screen
        assert isinstance(screen, ExploreScreen)
        state = screen.state
        state.go_last()
        state.choose(node_of(state, "h"))
        await pilot.press("V")
        assert not state.gradients.measured  # what an op does, its rule checks
        leaf = node_of(state, "W2")
        state.choose(leaf)
        await pilot.press("V")
        for _ in range(600):
            await pilot.pause(0.1)
            if state.gradients.measured:
                break
        measured = state.gradients.measured_of(leaf)
        assert measured is not None
        assert measured.agrees
        assert "✓ checked with central differences" in text(state)
        state.go(1)
        assert state.gradients.measured_of(leaf) is None  # of that backward alone


def test_second_order_says_whose_backward_made_a_node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = record_text(
        tmp_path,
        """\
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x ** 3
        z = y.tanh().sum()
        (g,) = torch.autograd.grad(z, x, create_graph=True)
        g.pow(2).sum().backward()
        """,
    )
    end = recording.event_count
    (power,) = [node for node in recording.reader.nodes("WHERE op = 'PowBackward0'") if node.line == 3]
    made = read_made(recording, power.id, end)
    assert made
    assert all(recording.node(number).event > power.event for number in made)
    (tanh,) = recording.reader.nodes("WHERE op = 'TanhBackward0'")
    (slope,) = read_made(recording, tanh.id, end)
    assert recording.node(slope).op == "TanhBackwardBackward0"
    arguments = read_arguments(recording, slope)
    assert arguments is not None
    assert arguments.made_by == tanh.id
    state = ExplorerState(recording, at=end)
    state.choose(slope)
    assert "made by the backward of" in text(state)
    state.choose(tanh.id)
    assert "its backward made tanh_backward" in " ".join(text(state).split())
    assert main(["show", str(recording.path), "--rule", str(tanh.id)]) == 0
    assert f"TanhBackwardBackward0 (node {slope})" in capsys.readouterr().out
    for event in recording.events_between(1, end, ["gradient"]):  # both backwards, every number
        rule = find_rule(recording, recording.node(event.node or 0), event.id, lambda _: "n")
        assert all(each.agrees for each in rule.inputs if each.recorded is not None), rule.node.op

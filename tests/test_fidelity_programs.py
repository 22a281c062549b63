"""Programs made up by hypothesis: recorded they do what they do bare, bit for bit and hook by hook."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies

from tests.fidelity import compare

# Without the phase that explains failures: it traces, and then lines are not ours to trace.
_SETTINGS = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
_MAKE = [
    "{t} = {a} * {b}", "{t} = {a} + {b}.sin()", "{t} = {a}.exp()", "{t} = {a} @ {b}", "{t} = F.linear({a}, {b})",
    "{t} = {a}.clone()", "{t} = {a}.detach()", "{t} = Twice.apply({a})", "{t} = torch.relu({a}) * {b}",
    "{t} = F.dropout({a}, 0.5)", "{t} = {a}.softmax(1)",
]  # fmt: skip
_VIEW = [
    "{t} = {a}.t()", "{t} = {a}[[2, 0, 1]]", "{t} = {a}.view(9).view(3, 3)", "{t} = {a}.T.T", "{t} = {a}[:]",
    "{t} = {a}.expand(3, 3)", "{t} = {a}.reshape(-1).reshape(3, 3)", "{t} = {a}.unbind(0)[0].expand(3, 3)",
]  # fmt: skip
_CHANGE = [
    "{a}.mul_(0.5)", "{a}[0] = {b}[1]", "{a} *= {b}", "{a}[:, 1].zero_()", "{a}.t()[0].add_(1)", "{a}.tanh_()",
    "{a}.data.mul_(2)", "{a}.detach_()", "{a}.copy_({b})", "{a}.diagonal().exp_()",
]  # fmt: skip
# torch itself crashes at a hook on a view whose base was changed.
_LOOK = [
    "print({a}.grad_fn and {a}.grad_fn.name(), {a}._version, {a}.is_leaf)", "({a} > 0).sum()", "({a} == {b}).any()",
    "{a}._is_view() or {a}.register_hook(lambda g: print('hook {a}', g.sum().item()))", "{a}.retain_grad()",
    "{a}._is_view() or {a}.register_hook(lambda g: g * 0.5)",
    "{a}._is_view() or {a}.grad_fn.register_prehook(lambda g: print('before {a}'))",
    "{a}._is_view() or {a}.grad_fn.register_hook(lambda i, o: print('after {a}', len(i)))",
    "with torch.no_grad(): {a} * {b}", "with torch.no_grad(): {a}.add_(0.1)", "print({a}.sum().item())",
    "torch.tensor({a})", "with torch.enable_grad(): {a}.sum().backward(retain_graph=True)",
]  # fmt: skip
_END = [
    "loss.backward()", "loss.backward(retain_graph=True)\nloss.backward()", "torch.autograd.grad(loss, leaves)",
    "(g,) = torch.autograd.grad(loss, w0, create_graph=True)\n(g ** 2).sum().backward()",
    "loss.backward(inputs=[w0])", "loss.backward()\nopt.step()\nopt.zero_grad()",
]  # fmt: skip
_START = """\
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        print("twice", g.shape)
        return g * 2
w0, w1 = (torch.randn(3, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
leaves = [w0, w1]
opt = torch.optim.SGD(leaves, lr=0.1, momentum=0.5)
x = torch.randn(3, 3, dtype=torch.float64)
"""


@strategies.composite
def programs(draw: strategies.DrawFn) -> str:
    """A program on matrices: ops, views, changes in place, hooks, and a backward; it may well be wrong."""
    lines, names = [_START], ["w0", "w1", "x"]
    for index in range(draw(strategies.integers(1, 10))):
        kind = draw(strategies.sampled_from([_MAKE, _MAKE, _VIEW, _CHANGE, _LOOK]))
        line = draw(strategies.sampled_from(kind))
        a, b = draw(strategies.sampled_from(names)), draw(strategies.sampled_from(names))
        if kind is _CHANGE and a in {"w0", "w1"}:
            lines.append(f"{a} = {a} * 1")  # a leaf itself cannot be changed: the name goes to something made of it
        lines.append(line.format(t=f"t{index}", a=a, b=b))
        if kind in (_MAKE, _VIEW):
            names.append(f"t{index}")
    terms = " + ".join(f"{name}.sum()" for name in names[-3:])
    lines += [f"loss = {terms} + sum((w ** 2).sum() for w in leaves)", draw(strategies.sampled_from(_END))]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("detail", ["full"])
@_SETTINGS
@given(program=programs())
def test_a_program_does_and_says_the_same_and_its_recording_what_the_engine_did(
    tmp_path: Path, detail: str, program: str
) -> None:
    compare(tmp_path, program, detail=detail)


@pytest.mark.slow
@settings(_SETTINGS, max_examples=1500)
@given(program=programs())
def test_thousands_of_programs_do_the_same(tmp_path: Path, program: str) -> None:
    """The same, at length."""
    compare(tmp_path, program)

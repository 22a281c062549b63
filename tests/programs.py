"""Random PyTorch programs for hypothesis: plain scripts that end in a backward, in the words that people write.

All tensors are 3x3 in float64, so that any op can follow any other. Each line binds one name.
"""

from __future__ import annotations

from hypothesis import strategies

_UNARY = [
    "{a}.tanh()", "torch.sigmoid({a})", "torch.relu({a})", "{a} * {a}", "{a} ** 2", "-{a}", "{a} + 1", "2.0 - {a}",
    "torch.exp({a} * 0.1)", "{a}.t()", "{a}.clone()", "{a}.reshape(9).reshape(3, 3)", "F.softmax({a}, dim=1)",
    "F.layer_norm({a}, (3,))", "{a}[[2, 0, 1]]", "{a}.detach()", "torch.log1p({a}.abs())", "{a}.cumsum(0)",
    "torch.cat([{a}[:1], {a}[1:]])", "torch.stack({a}.unbind(0))", "F.gelu({a})", "{a}.clamp(min=0)", "{a}.T",
    "{a} / 3", "{a}.expand(3, 3)", "{a}.sum(0, keepdim=True) + {a}", "F.dropout({a}, 0.5)", "{a}.max(dim=0)[0] * {a}",
]  # fmt: skip
_BINARY = [
    "{a} + {b}", "{a} * {b}", "{a} - {b}", "{a} @ {b}", "torch.mm({a}, {b})", "F.linear({a}, {b})",
    "torch.where({a} > 0, {a}, {b})", "torch.maximum({a}, {b})", "torch.addmm({a}, {a}, {b})",
    "F.linear({a}, {b}, {a}[0])", "F.scaled_dot_product_attention({a}[None], {b}[None], {b}[None])[0]",
]  # fmt: skip
_IN_PLACE = ["{a}.mul_(0.5)", "{a}.add_({b})", "{a}[0] = {b}[1]", "{a} *= {b}", "{a}.relu_()", "{a}[:, 1].zero_()"]
_LOSSES = [
    "{a}.sum()", "({a} ** 2).mean()", "F.mse_loss({a}, {b})", "F.cross_entropy({a}, torch.tensor([0, 2, 1]))",
    "{a}.norm()", "{a}.logsumexp(1).sum()", "F.binary_cross_entropy_with_logits({a}, torch.sigmoid({b}).detach())",
]  # fmt: skip
_CALLS = [
    "{loss}.backward(retain_graph=True)",
    "torch.autograd.backward([{loss}], retain_graph=True)",
    "{loss}.backward(torch.tensor(2.0, dtype=torch.float64), retain_graph=True)",
    "torch.autograd.grad({loss}, leaves, retain_graph=True, allow_unused=True)",
    "{loss}.backward(inputs=leaves[:1], retain_graph=True)",
]


@strategies.composite
def programs(draw: strategies.DrawFn) -> str:
    """A program whose leaves are `w0`, `w1`, …, whose loss is `loss`, and that runs one or two backwards."""
    count = draw(strategies.integers(1, 3))
    lines = ["import torch", "import torch.nn.functional as F", "torch.manual_seed(0)"]
    lines += [f"w{index} = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)" for index in range(count)]
    lines += ["x = torch.randn(3, 3, dtype=torch.float64)", f"leaves = [{', '.join(f'w{i}' for i in range(count))}]"]
    names = [f"w{index}" for index in range(count)] + ["x"]
    made: list[str] = []
    for index in range(draw(strategies.integers(1, 8))):
        shape = draw(strategies.sampled_from(_UNARY + _BINARY))
        a, b = draw(strategies.sampled_from(names)), draw(strategies.sampled_from(names))
        name = f"t{index}"
        lines.append(f"{name} = {shape.format(a=a, b=b)}")
        names.append(name)
        made.append(name)
        if draw(strategies.integers(0, 5)) == 0:
            change = draw(strategies.sampled_from(_IN_PLACE))
            lines += [f"{name} = {name} + 0", change.format(a=name, b=draw(strategies.sampled_from(names)))]
    # The sum of all leaves keeps every program differentiable.
    last = made[-1]
    loss = draw(strategies.sampled_from(_LOSSES)).format(a=last, b=draw(strategies.sampled_from(names)))
    lines.append(f"loss = {loss} + sum(w.sum() for w in leaves)")
    for _ in range(draw(strategies.integers(1, 2))):
        lines.append(draw(strategies.sampled_from(_CALLS)).format(loss="loss"))
    return "\n".join(lines) + "\n"

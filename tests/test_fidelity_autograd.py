"""What autograd can do beyond the everyday is recorded as the engine did it, and runs as it does bare."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlab.series import Series
from tests.fidelity import compare, nodes_without_op
from tests.recorded import events

TRANSFORMED = "inside torch.func (grad, vmap and the like) no ops are recorded, only what comes out"

PROGRAMS = {
    "a view of data, changed by an assignment to a part of it": """
        x = torch.randn(3, 3)
        y = v[:1] * 2
        t = x.t()
        t[0] = w.new_ones(3) * w.sum()
        z = y.sum() + t.sum()
        t[:] = t * 2
        z = z + (y * y).sum() + t.sum() + x.sum()
        z.backward()
        """,
    "a view of a leaf, changed where no gradient is followed": """
        t = w * w
        turned = w.t()
        with torch.no_grad(): turned.add_(0.1)
        (t.sum() + turned.sum() + (w ** 2).sum()).backward()
        """,
    "custom functions": """
        from torch.autograd.function import once_differentiable
        class Twice(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b, k):
                ctx.save_for_backward(a, b)
                ctx.k = k
                return a * k, b.exp()
            @staticmethod
            @once_differentiable
            def backward(ctx, ga, gb):
                a, b = ctx.saved_tensors
                print("backward", ga, gb)
                return ga * ctx.k, None, None
        class NewStyle(torch.autograd.Function):
            @staticmethod
            def forward(a, b):
                return a * b
            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.save_for_backward(*inputs)
            @staticmethod
            def backward(ctx, g):
                a, b = ctx.saved_tensors
                return g * b, g * a
        class Inplace(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a):
                ctx.mark_dirty(a)
                a.mul_(2)
                return a
            @staticmethod
            def backward(ctx, g):
                return g * 2
        class NonDiff(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a):
                i = a.argsort()
                ctx.mark_non_differentiable(i)
                ctx.set_materialize_grads(False)
                return a[i].clone(), i
            @staticmethod
            def backward(ctx, g, gi):
                return g
        p, q = Twice.apply(w, v, 3.0)
        r = NewStyle.apply(p, q[0])
        s = Inplace.apply(r * 1)
        t, i = NonDiff.apply(s)
        (t * w).sum().backward()
        u = NewStyle.apply(w, w)
        (g,) = torch.autograd.grad(u.sum(), w, create_graph=True)
        g.sum().backward()
        Twice.apply(w, v, 2)[0].sum().backward()
        """,
    "an error in a custom function": """
        class Bad(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a):
                return helper(a)
            @staticmethod
            def backward(ctx, g):
                return g
        def helper(a):
            return a @ torch.ones(7)
        Bad.apply(w * 2)
        """,
    "hooks of all kinds, in their order": """
        net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
        net[0].register_forward_pre_hook(lambda m, a: print("pre", a[0].sum().item()))
        net[0].register_forward_hook(lambda m, a, o: print("fwd", type(o).__name__))
        net[0].register_full_backward_pre_hook(lambda m, g: print("fbpre", g[0].sum().item()))
        net[2].register_full_backward_hook(lambda m, gi, go: print("fb", gi[0] is None, go[0].sum().item()))
        torch.nn.modules.module.register_module_forward_hook(lambda m, a, o: print("global", type(m).__name__))
        h = net(v)
        h.register_hook(lambda g: g * 2)
        h.grad_fn.register_hook(lambda gi, go: print("node", len(gi), len(go)))
        h.grad_fn.register_prehook(lambda go: print("pre node"))
        h.register_hook(lambda g: print("second", g.sum().item()))
        h.retain_grad()
        w.register_hook(lambda g: print("leaf", g))
        net[0].weight.register_post_accumulate_grad_hook(lambda p: print("acc", p.grad.sum().item()))
        net[0].weight.register_hook(lambda g: g + 1)
        acc = net[2].weight.view_as(net[2].weight).grad_fn.next_functions[0][0]
        acc.register_hook(lambda *a: print("accnode"))
        acc.register_prehook(lambda *a: print("accpre"))
        torch.autograd.graph.register_multi_grad_hook([w, v], lambda gs: print("multi", [g is None for g in gs]))
        (h.sum() + (w * v).sum()).backward()
        torch.nn.modules.module._global_forward_hooks.clear()
        print(h.grad)
        """,
    "backwards through backwards": """
        net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        opt = torch.optim.Adam(net.parameters())
        for i in range(2):
            x = torch.randn(5, 3, requires_grad=True)
            y = net(x)
            (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
            loss = y.mean() + ((g.norm(dim=1) - 1) ** 2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        y = (w ** 3).sum()
        (a,) = torch.autograd.grad(y, w, create_graph=True)
        (b,) = torch.autograd.grad(a.sum(), w, create_graph=True)
        (c,) = torch.autograd.grad(b.sum(), w)
        y.backward(create_graph=True)
        w.grad.sum().backward()
        w.grad = None
        """,
    "activation checkpointing": """
        from torch.utils.checkpoint import checkpoint, checkpoint_sequential
        net = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Tanh(), nn.Linear(4, 3))
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for i in range(2):
            x = torch.randn(2, 3, requires_grad=True)
            opt.zero_grad()
            checkpoint(net, x, use_reentrant=True).sum().backward()
            opt.step()
            opt.zero_grad()
            checkpoint(net, x, use_reentrant=False).sum().backward()
            opt.step()
            checkpoint_sequential(net, 2, x, use_reentrant=False).sum().backward()
        checkpoint(lambda a: a.exp() * w, w * 1, use_reentrant=False).sum().backward()
        """,
    "hooks on what is saved": """
        def pack(x):
            print("pack", tuple(x.shape))
            return x
        def unpack(x):
            print("unpack", tuple(x.shape))
            return x
        class Twice(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * 2
            @staticmethod
            def backward(ctx, g):
                return g * 2 + ctx.saved_tensors[0] * 0
        with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
            y = Twice.apply((w * w).exp())
        z = y * 2
        z.sum().backward()
        with torch.autograd.graph.save_on_cpu():
            ((w * v).tanh()).sum().backward()
        a = w * w
        a.grad_fn._raw_saved_self.register_hooks(pack, unpack)
        a.sum().backward()
        with torch.autograd.graph.disable_saved_tensors_hooks("no"):
            (w * w).sum().backward()
        with torch.autograd.graph.allow_mutation_on_saved_tensors():
            b = w.clone()
            c = b * b
            b.mul_(3)
            c.sum().backward()
        """,
    "two optimizers": """
        G, D = nn.Linear(2, 3), nn.Linear(3, 1)
        og, od = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
        bce = nn.BCEWithLogitsLoss()
        for i in range(2):
            real = torch.randn(4, 3)
            fake = G(torch.randn(4, 2))
            od.zero_grad()
            (bce(D(real), torch.ones(4, 1)) + bce(D(fake.detach()), torch.zeros(4, 1))).backward()
            od.step()
            og.zero_grad()
            bce(D(fake), torch.ones(4, 1)).backward()
            og.step()
        """,
    "closures": """
        opt = torch.optim.LBFGS([w], max_iter=4, line_search_fn="strong_wolfe")
        def closure():
            opt.zero_grad()
            loss = ((w - 1) ** 2).sum() + (w ** 4).sum()
            loss.backward()
            return loss
        for i in range(2):
            print(opt.step(closure))
        """,
    "sparse and complex gradients": """
        emb = nn.Embedding(6, 3, sparse=True)
        opt = torch.optim.SparseAdam(emb.parameters())
        for i in range(2):
            opt.zero_grad()
            emb(torch.tensor([1, 2, 1])).sum().backward()
            opt.step()
        S = torch.eye(3).to_sparse().requires_grad_()
        torch.sparse.mm(S, v).sum().backward()
        csr = torch.eye(3).to_sparse_csr()
        (csr @ v).sum().backward()
        c = torch.randn(3, dtype=torch.complex64, requires_grad=True)
        torch.view_as_real(c * c.conj()).sum().backward()
        d = torch.fft.fft(w).abs().sum()
        d.backward()
        e = c.real * 2 + c.imag
        e.sum().backward()
        f = c.conj()
        (f * 2).abs().sum().backward()
        """,
    "parameters replaced and added": """
        net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for i in range(3):
            opt.zero_grad()
            net(v.detach()).sum().backward()
            opt.step()
            if i == 0:
                net[1] = nn.Linear(2, 1)
                opt.param_groups[0]["params"] = list(net.parameters())
                opt.state.clear()
            if i == 1:
                net.append(nn.Linear(1, 1))
                opt.add_param_group({"params": net[2].parameters()})
        net[0].weight = nn.Parameter(torch.ones(2, 3))
        net(v.detach()).sum().backward()
        """,
    "graphs that outlive their step": """
        kept = []
        opt = torch.optim.SGD([w], lr=0.1)
        h = torch.zeros(3)
        for i in range(3):
            h = torch.tanh(h + w)
            kept.append(h)
            opt.zero_grad()
            h.sum().backward(retain_graph=True)
            if i < 0: opt.step()
        sum(k.sum() for k in kept).backward()
        hidden = torch.zeros(3)
        for i in range(3):
            hidden = torch.tanh(hidden.detach() * w)
            opt.zero_grad()
            hidden.sum().backward()
            opt.step()
        """,
    "meta, quantized and nested tensors": """
        m = torch.ones(3, device="meta", requires_grad=True)
        (m * m).sum().backward()
        print(m.grad.shape)
        with torch.device("meta"):
            lin = nn.Linear(3, 2)
        lin(torch.ones(1, 3, device="meta")).sum().backward()
        q = torch.quantize_per_tensor(torch.randn(3), 0.1, 0, torch.qint8)
        print(q.dequantize())
        nt = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(1, 3)], layout=torch.jagged, requires_grad=True)
        (nt * 2).values().sum().backward()
        print([t.shape for t in nt.grad.unbind()])
        """,
    "strided nested tensors": """
        warnings.simplefilter("ignore")
        a, b = torch.randn(2, 3, requires_grad=True), torch.randn(1, 3, requires_grad=True)
        nt = torch.nested.as_nested_tensor([a, b], layout=torch.strided)
        torch.nested.to_padded_tensor(nt * 2, 0.0).sum().backward()
        """,
    "tensor classes of the script's own": """
        class T(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                out = super().__torch_function__(func, types, args, kwargs or {})
                return out
        t = torch.randn(3).as_subclass(T).requires_grad_()
        y = (t * w).sum()
        y.backward()
        print(type(y), type(t.grad))
        class L(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                print("called", func.__name__)
                return super().__torch_function__(func, types, args, kwargs or {})
        l = torch.ones(2).as_subclass(L)
        l + 1
        torch.cat([l, l]).sum()
        """,
    "modes of the script's own": """
        from torch.overrides import TorchFunctionMode
        from torch.utils._python_dispatch import TorchDispatchMode
        class M(TorchFunctionMode):
            def __torch_function__(self, func, types, args=(), kwargs=None):
                print("mode", func.__name__)
                return func(*args, **(kwargs or {}))
        class D(TorchDispatchMode):
            def __torch_dispatch__(self, func, types, args=(), kwargs=None):
                print("dispatch", func)
                return func(*args, **(kwargs or {}))
        with M():
            (w * 2).sum().backward()
        with D():
            (w * 2).sum().backward()
        torch.set_default_device("cpu")
        (w * torch.ones(3)).sum().backward()
        torch.set_default_device(None)
        """,
    "torch.func": """
        warnings.simplefilter("ignore")
        from torch.func import grad, vmap, jacrev, functional_call, hessian, jvp, vjp, grad_and_value
        f = lambda x: (x ** 2).sum()
        print(grad(f)(w), vmap(f)(v), jacrev(lambda x: x ** 3)(w.detach()), hessian(f)(torch.ones(2)))
        print(vmap(grad(f))(v))
        net = nn.Linear(3, 1)
        params = {k: p.detach() for k, p in net.named_parameters()}
        def loss(params, x):
            return functional_call(net, params, (x,)).sum()
        g = grad(loss)(params, torch.ones(2, 3))
        per = vmap(grad(loss), in_dims=(None, 0))(params, torch.randn(4, 1, 3))
        params = {k: p - 0.1 * g[k] for k, p in params.items()}
        o, vf = vjp(f, w)
        print(vf(torch.tensor(1.0)))
        print(jvp(f, (w.detach(),), (torch.ones(3),)))
        y = vmap(lambda r: (r * w).sum())(v)
        y.sum().backward()
        def inner(p):
            return ((p * 2) ** 2).sum()
        gw, val = grad_and_value(inner)(w)
        gw.sum().backward()
        """,
}


@pytest.mark.parametrize("detail", ["full", "light"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_recording_holds_what_the_engine_did_and_nothing_differs(tmp_path: Path, program: str, detail: str) -> None:
    notes = [TRANSFORMED] if program == "torch.func" else []
    run = compare(tmp_path, PROGRAMS[program], detail=detail, notes=notes)
    assert detail == "light" or nodes_without_op(run) == []


def test_a_custom_function_is_an_op_with_what_it_read_and_made_where_it_was_called(tmp_path: Path) -> None:
    run = compare(
        tmp_path,
        """
        class Scale(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, by):
                return x * by
            @staticmethod
            def backward(ctx, g):
                return g * 2, None
        class Layer(nn.Module):
            def forward(self, x):
                return Scale.apply(x, torch.full((3,), 2.0))
        net = nn.Sequential(Layer(), nn.Linear(3, 1))
        net(w).sum().backward()
        """,
    )
    (op,) = [event for event in events(run, "op") if event.details.get("call") == "Scale.apply"]
    node = run.node(op.node or 0)
    assert (op.text, node.op, node.call, node.module) == ("scale", "ScaleBackward", "Scale.apply", "0")
    line = "                return Scale.apply(x, torch.full((3,), 2.0))"
    assert run.files[0].text.splitlines()[(op.line or 0) - 1] == line.removeprefix("        ")
    assert [tensor.shape for tensor in run.inputs(op.id)] == [(3,), (3,)]
    kinds = {edge.slot: run.node(edge.source).kind for edge in run.structure(1).edges if edge.target == node.id}
    assert kinds == {0: "leaf", 1: "data"}


def test_what_a_closure_computes_is_recorded_and_the_optimizer_is_not(tmp_path: Path) -> None:
    run = compare(
        tmp_path,
        """
        opt = torch.optim.LBFGS([w], max_iter=3)
        def closure():
            opt.zero_grad()
            scratch = torch.zeros(3)
            scratch.add_(1)
            loss = (w ** 2).sum()
            loss.backward()
            return loss
        opt.step(closure=closure)
        opt.step(closure)
        """,
    )
    count = len(events(run, "backward_start"))
    ops = [event.text for event in events(run, "op") if event.line and event.line > 10]
    assert ops == ["zeros", "add_", "pow", "sum"] * count
    assert [len(run.changes(event.id)) for event in events(run, "update")] == [1, 0], "the second finds nothing to do"
    assert len(run.steps) == 2


def test_a_backward_through_a_backward_has_the_nodes_that_the_engine_made(tmp_path: Path) -> None:
    run = compare(
        tmp_path,
        """
        (g,) = torch.autograd.grad((w ** 3).sum(), w, create_graph=True)
        g.sum().backward()
        """,
    )
    first, second = (start.id for start in events(run, "backward_start"))
    made = [event.text for event in events(run, "op") if first < event.id < second]
    assert made == ["pow", "mul", "mul", "sum"]
    assert all(run.node(event.node or 0).shape == (3,) for event in events(run, "op") if event.text == "mul")


@pytest.mark.parametrize("detail", ["full"])
def test_a_parameter_that_was_replaced_is_listed_no_more_and_the_new_one_has_its_name(
    tmp_path: Path, detail: str
) -> None:
    run = compare(
        tmp_path,
        """
        def train():
            net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
            opt = torch.optim.SGD(net.parameters(), lr=0.1)
            x = torch.randn(2, 3)
            for step in range(4):
                opt.zero_grad()
                net(x).sum().backward()
                opt.step()
                if step == 0:
                    net[1] = nn.Linear(2, 1)
                    opt = torch.optim.SGD(net.parameters(), lr=0.1)
                if step == 1:
                    net.append(nn.Linear(1, 1))
                    opt.add_param_group({"params": net[2].parameters()})
                if step == 2:
                    net[0].weight = nn.Parameter(torch.ones(2, 3))
                    opt.param_groups[0]["params"] = [*net[:2].parameters()]
        train()
        """,
        detail=detail,
    )
    listed = {step.step: [each.name for each in run.step_parameters(step.step)] for step in run.steps}
    two = ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert listed == {1: two, 2: two, 3: [*two, "2.weight", "2.bias"], 4: [*two[1:], "2.weight", "2.bias", two[0]]}
    for step in run.steps:
        gradients = [each for each in run.step_gradients(step.step) if each.name not in {"w", "v"}]
        assert [each.name for each in gradients] == listed[step.step]
        assert all(each.gradient is not None for each in gradients)
        assert [leaf.name for leaf in Series(run).leaves(step.step)] == listed[step.step]
        assert all(each.update_norm for each in run.step_parameters(step.step))

"""What training scripts do every day is recorded as autograd has it, and runs as it does bare."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fidelity import compare, nodes_without_op

PROGRAMS = {
    "one leaf used by many": """
        y = w * w
        z = y * y + w + w
        (z * z).sum().backward()
        """,
    "changes in place, through views of a tensor": """
        y = v * 1
        y[0] *= 2
        y[:, 1].add_(w)
        y.view(9)[3:5].mul_(w[:2])
        z = y.t()
        z[1].zero_()
        y.as_strided((2, 2), (1, 2)).mul_(3)
        y.diagonal().exp_()
        (y.sum() + z.sum()).backward()
        """,
    "changes in place of all kinds": """
        y = v.clone()
        a, b, c = y[0], y[1], y[2]
        a.mul_(2)
        b.copy_(w)
        c.fill_(1.0)
        y.index_add_(0, torch.tensor([0, 1]), v[:2])
        y.masked_fill_(y > 0, 0.5)
        y[torch.tensor([0])] = w
        y[y < 0] = 0
        y += w
        y **= 2
        y.unsqueeze_(0)
        y.squeeze_()
        y.t_()
        y.transpose_(0, 1)
        y.sum().backward()
        """,
    "rows written into a tensor, and a leaf through its views": """
        x = torch.zeros(3, 3)
        x[0] = w
        x[1] = w * 2
        x[2, :2] = w[1:]
        x.sum().backward()
        u = torch.zeros(4)
        u.requires_grad_()
        with torch.no_grad():
            u[0] = 5
            u[1:3] += 1
        (u * u).sum().backward()
        """,
    "views of what was changed, asked late": """
        t0 = v * v
        t1 = t0.view(9).view(3, 3)
        t0.copy_(t1)
        t2, t3 = t0[0], t0[1]
        t0.mul_(2)
        print((t2 > 0).tolist(), t3.argmax())
        a = v.exp()
        with torch.no_grad():
            t3.add_(1)
        b = w.exp()
        sums = {"t1": t1.sum(), "a": a.sum(), "t2": t2.sum(), "b": b.sum(), "t3": t3.sum()}
        for name, each in sums.items():
            each.register_hook(lambda g, name=name: print(name))
        sum(sums.values()).backward()
        """,
    "an error in a changed view": """
        y = v * 1
        torch.relu_(y)
        a = y[0]
        y.exp_()
        (a * w).sum().backward()
        y.add_(1)
        y.sum().backward()
        """,
    "weights shared by layers": """
        enc, dec, tied = nn.Linear(3, 5), nn.Linear(5, 3), nn.Linear(3, 5)
        dec.weight = nn.Parameter(enc.weight.data.t())
        tied.weight = enc.weight
        opt = torch.optim.SGD([*enc.parameters(), *dec.parameters(), tied.bias], lr=0.1, momentum=0.9)
        for i in range(3):
            opt.zero_grad()
            (tied(dec(enc(w))) ** 2).sum().backward()
            opt.step()
        """,
    "several roots, gradients and inputs": """
        a = (w * 2).sum()
        b = v * 3
        torch.autograd.backward([a, b], [None, torch.ones(3, 3)], retain_graph=True)
        torch.autograd.backward((a, b), (torch.tensor(2.0), torch.ones(3, 3)), retain_graph=True)
        b.backward(gradient=torch.full((3, 3), 0.5), inputs=[v], retain_graph=True)
        b.backward(torch.ones(3, 3), inputs=v)
        c = w * 1
        g = torch.autograd.grad([c, (c * c).sum()], [w], [torch.ones(3), None])
        h = torch.autograd.grad(c.exp(), c, torch.ones(3))
        w.backward(torch.ones(3))
        w.sum().backward()
        torch.autograd.grad(w.exp().unbind(0), [w, v], [torch.tensor(1.0)] * 3, allow_unused=True)
        torch.autograd.grad(w.exp().sum(), [w, v], allow_unused=True, materialize_grads=True)
        """,
    "gradient edges and batches of gradients": """
        y = w.exp()
        edge = torch.autograd.graph.get_gradient_edge(y)
        torch.autograd.backward([edge], [torch.ones(3)], retain_graph=True)
        g = torch.autograd.grad(y.sum(), [edge], retain_graph=True)
        rows = torch.autograd.grad(y, w, torch.eye(3), is_grads_batched=True)[0]
        print(rows)
        """,
    "one graph, several backwards": """
        y = (w * w).sum()
        y.backward(retain_graph=True)
        y.backward(retain_graph=True)
        y.backward()
        try:
            y.backward()
        except RuntimeError as error:
            print(str(error)[:60])
        """,
    "accumulation, clipping, schedulers": """
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        opt = torch.optim.AdamW(model.parameters(), lr=0.01)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 5)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, patience=0)
        for step in range(4):
            opt.zero_grad(set_to_none=bool(step % 2))
            for micro in range(3):
                loss = model(torch.randn(2, 3)).pow(2).mean() / 3
                loss.backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            nn.utils.clip_grad_value_(model.parameters(), 0.05)
            opt.step()
            cosine.step()
            plateau.step(loss.item())
            print(norm, cosine.get_last_lr())
        """,
    "updates by hand": """
        for i in range(3):
            (w * w).sum().backward()
            (v * v).sum().backward()
            w.data -= 0.1 * w.grad.data
            v.data = v.data - 0.1 * v.grad
            w.grad = None
            v.grad.data.zero_()
        w.data.mul_(0.5)
        w.detach().add_(1)
        w.data[0] = 3
        (w * w).sum().backward()
        w.grad.data.clamp_(max=1)
        w.grad.detach_()
        w.grad.zero_()
        """,
    "other storages and shapes for old tensors": """
        a = torch.ones(3)
        a.set_(torch.arange(3.0))
        b = torch.empty(0)
        b.set_(a.untyped_storage(), 0, (3,), (1,))
        b.resize_(2)
        with torch.no_grad():
            w.set_(torch.ones(3))
        ((w + a) * 2).sum().backward()
        w.data = torch.zeros(4)
        w.grad = None
        (w + 1).sum().backward()
        torch.utils.swap_tensors(a, b)
        print(a, b, w)
        """,
    "a model that swaps its parameters": """
        torch.__future__.set_swap_module_params_on_conversion(True)
        net = nn.Linear(3, 2)
        net.load_state_dict({name: torch.ones_like(each) for name, each in net.state_dict().items()})
        net(w).sum().backward()
        net.double()
        net.zero_grad()
        net(w.double()).sum().backward()
        print(net.weight.grad)
        torch.__future__.set_swap_module_params_on_conversion(False)
        """,
    "what takes no part in a graph": """
        with torch.no_grad():
            a = w * 2
            a.requires_grad_()
        with torch.inference_mode():
            i = w * 3
            i[0] = 1
        @torch.no_grad()
        def double(x):
            return x * 2
        b = double(w)
        d = (w * 2).detach()
        d.requires_grad_(True)
        e = w * 3
        e.detach_()
        q = w * d * a + b + e
        with torch.set_grad_enabled(False):
            r = q * 2
        with torch.autograd.set_multithreading_enabled(False):
            q.sum().backward()
        w.requires_grad_(False)
        z = w * v
        w.requires_grad_(True)
        z.sum().backward()
        n = w.detach().numpy()
        n[0] = 7
        j = i.clone()
        (w * j).sum().backward()
        """,
    "dtypes, scalars and no elements at all": """
        for dtype in (torch.float16, torch.bfloat16, torch.float64):
            p = torch.randn(3, dtype=dtype, requires_grad=True)
            (p * p + p.exp()).sum().backward()
            q = torch.tensor(1.5, dtype=dtype, requires_grad=True)
            (q * q).backward()
            z = torch.zeros(0, 3, dtype=dtype, requires_grad=True)
            (z * 2).sum().backward()
            (z @ p).sum().backward()
        s = torch.tensor(2.0, requires_grad=True)
        (s.expand(3) * w).sum().backward()
        s.reshape(1).backward()
        small = torch.ones(2).to(torch.float8_e4m3fn), torch.ones(2).to(torch.uint16)
        """,
    "autocast": """
        net = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for i in range(2):
            opt.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                out = net(torch.randn(4, 3))
                loss = F.cross_entropy(out, torch.tensor([0, 1, 0, 1]))
            loss.backward()
            opt.step()
        print(out.dtype, loss.dtype)
        """,
    "the encoder's fast path": """
        warnings.simplefilter("always")
        encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
        x = torch.randn(2, 3, 8)
        mask = torch.tensor([[False, False, True], [False, False, False]])
        encoder(x).sum().backward()
        encoder.eval()
        with torch.no_grad():
            one = encoder(x)
        with torch.inference_mode():
            two = encoder(x, src_key_padding_mask=mask)
        attention = nn.MultiheadAttention(8, 2, batch_first=True).eval()
        with torch.no_grad():
            three = attention(x, x, x)[0]
        """,
    "recurrent layers": """
        for kind in (nn.RNN, nn.GRU, nn.LSTM):
            layer = kind(3, 4, num_layers=2, batch_first=True, bidirectional=True)
            layer(torch.randn(2, 4, 3))[0].pow(2).sum().backward()
        bag = nn.EmbeddingBag(5, 3)
        bag(torch.tensor([[0, 1], [2, 2]])).sum().backward()
        packed = nn.utils.rnn.pack_padded_sequence(torch.randn(2, 3, 3), [3, 2], batch_first=True)
        out, hidden = nn.GRU(3, 4, batch_first=True)(packed)
        nn.utils.rnn.pad_packed_sequence(out)[0].sum().backward()
        """,
    "a convolutional net": """
        net = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Dropout2d(0.2),
            nn.Flatten(), nn.Linear(36, 3), nn.LogSoftmax(1),
        )
        opt = torch.optim.RMSprop(net.parameters())
        for i in range(2):
            opt.zero_grad()
            F.nll_loss(net(torch.randn(2, 1, 8, 8)), torch.tensor([0, 2])).backward()
            opt.step()
        print(net[1].running_mean, net[1].num_batches_tracked)
        """,
    "every optimizer": """
        kinds = "SGD Adam AdamW Adagrad Adadelta Adamax NAdam RAdam ASGD Rprop Adafactor Muon".split()
        for name, options in [*((each, {}) for each in kinds), ("AdamW", {"foreach": True}), ("Adam", {"fused": True})]:
            p = nn.Parameter(torch.ones(3, 3))
            opt = getattr(torch.optim, name)([p], lr=0.1, **options)
            for i in range(2):
                opt.zero_grad()
                (p ** 2).sum().backward()
                opt.step()
            print(name, p)
        """,
    "averages, copies and state dicts": """
        net = nn.Linear(3, 1)
        average = torch.optim.swa_utils.AveragedModel(net)
        mean = {name: each.detach().clone() for name, each in net.named_parameters()}
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for i in range(3):
            opt.zero_grad()
            net(torch.randn(2, 3)).pow(2).sum().backward()
            opt.step()
            average.update_parameters(net)
            for name, each in net.named_parameters():
                mean[name].mul_(0.9).add_(each.detach(), alpha=0.1)
        print(list(average.parameters()), mean)
        twin = copy.deepcopy(net)
        twin.load_state_dict(net.state_dict())
        opt.load_state_dict(opt.state_dict())
        """,
    "warnings in their places": """
        torch.tensor(w)
        F.softmax(w)
        for i in range(2):
            F.mse_loss(torch.ones(3, 1), w)
        (w * 2).grad
        opt = torch.optim.SGD([w], lr=1)
        torch.optim.lr_scheduler.StepLR(opt, 1).step()
        layer = nn.Linear(3, 2)
        layer.register_full_backward_hook(lambda *a: print("backward"))
        layer(torch.ones(1, 3)).sum().backward()
        w.grad = None
        w.sum().backward(create_graph=True)
        def caller():
            warnings.warn("the caller's", stacklevel=2)
        caller()
        """,
    "an error in a hook": """
        def fail(grad):
            raise ValueError("in a hook")
        y = w * 2
        y.register_hook(fail)
        y.sum().backward()
        """,
}


@pytest.mark.parametrize("detail", ["full", "light"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_recording_holds_what_the_engine_did_and_nothing_differs(tmp_path: Path, program: str, detail: str) -> None:
    run = compare(tmp_path, PROGRAMS[program], detail=detail)
    assert run.event_count > 0


@pytest.mark.parametrize("program", ["one leaf used by many", "recurrent layers", "a convolutional net"])
def test_every_node_of_a_forward_is_an_ops(tmp_path: Path, program: str) -> None:
    assert nodes_without_op(compare(tmp_path, PROGRAMS[program])) == []


def test_torchviz_keeps_no_graph_alive(tmp_path: Path) -> None:
    program = """
        import gc
        import weakref
        gc.disable()
        hidden = w.exp()
        kept = weakref.ref(hidden)
        (hidden * hidden).sum().backward()
        del hidden
        gc.enable()
        print(kept() is None)
        """
    run = compare(tmp_path, program)
    assert run.torchviz(run.event_count) is not None
    assert [event.text for event in run.events if event.kind == "output"] == ["True\n"]

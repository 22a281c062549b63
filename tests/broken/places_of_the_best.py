import torch
import torch.nn as nn


class HardAttention(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.score = nn.Linear(d, 1)
        self.out = nn.Linear(d, 1)

    def forward(self, x):
        s = self.score(x).squeeze(-1)
        best = torch.topk(s, k=2, dim=1).indices  # <- gradient-missing
        picked = x.gather(1, best.unsqueeze(-1).expand(-1, -1, x.shape[-1]))
        return self.out(picked.mean(1))


torch.manual_seed(0)
m = HardAttention(4)
opt = torch.optim.Adam(m.parameters(), lr=1e-2)
for _ in range(8):
    x = torch.randn(12, 6, 4)
    y = x[..., 0].max(dim=1, keepdim=True).values
    loss = nn.functional.l1_loss(m(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()

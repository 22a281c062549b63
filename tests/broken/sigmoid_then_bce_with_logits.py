import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(1)
X = torch.randn(64, 5)
y = (X[:, 0] > 0).float()

net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)

for i in range(5):
    opt.zero_grad()
    p = torch.sigmoid(net(X)).squeeze(1)  # <- also
    loss = F.binary_cross_entropy_with_logits(p, y)  # <- sigmoid-before-bce-with-logits
    loss.backward()
    opt.step()

import torch
import torch.nn.functional as F

torch.manual_seed(0)
w = torch.randn(4, 4, requires_grad=True)
x = torch.randn(2, 4)
h = torch.sigmoid(x @ w)
h = h + 1
h = F.relu(h, inplace=True)
h.sum().backward()

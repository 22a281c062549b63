import torch
import torch.nn.functional as F

torch.manual_seed(0)
w = torch.randn(4, 4, requires_grad=True)
x = torch.randn(2, 4)
h = torch.sigmoid(x @ w)  # <- also
h += 1  # <- modified-in-place
out = F.relu(h).sum()
out.backward()  # <- also

import torch

torch.manual_seed(0)
X = torch.randn(50, 2)
Y = ((X[:, 0] * X[:, 1]) > 0).float().view(-1, 1)
W1 = torch.ones(2, 5, requires_grad=True)  # <- identical-units
b1 = torch.zeros(5, requires_grad=True)
W2 = torch.ones(5, 1, requires_grad=True)
b2 = torch.zeros(1, requires_grad=True)
params = [W1, b1, W2, b2]
for step in range(6):
    h = torch.sigmoid(X @ W1 + b1)
    p = torch.sigmoid(h @ W2 + b2)
    loss = -(Y * p.log() + (1 - Y) * (1 - p).log()).mean()
    loss.backward()
    with torch.no_grad():
        for p_ in params:
            p_ -= 0.1 * p_.grad
            p_.grad.zero_()

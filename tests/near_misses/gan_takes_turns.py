"""A tiny GAN: zeroing the discriminator before its backward takes away what the generator left in it."""

import torch
from torch import nn

torch.manual_seed(0)
G, D = nn.Linear(2, 2), nn.Linear(2, 1)
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3)
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3)
bce = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(8, 1), torch.zeros(8, 1)

for step in range(3):
    real, noise = torch.randn(8, 2) + 3, torch.randn(8, 2)
    opt_d.zero_grad()
    d_loss = bce(D(real), ones) + bce(D(G(noise).detach()), zeros)
    d_loss.backward()
    opt_d.step()
    opt_g.zero_grad()
    g_loss = bce(D(G(noise)), ones)
    g_loss.backward()
    opt_g.step()

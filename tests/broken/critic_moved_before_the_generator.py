import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
netG = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
netD = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
optG = torch.optim.Adam(netG.parameters())
optD = torch.optim.Adam(netD.parameters())
for i in range(2):
    real = torch.randn(8, 2)
    fake = netG(torch.randn(8, 4))
    pred_fake = netD(fake)
    lossD = F.softplus(pred_fake).mean() + F.softplus(-netD(real)).mean()
    lossG = F.softplus(-pred_fake).mean()
    optD.zero_grad()
    lossD.backward(retain_graph=True)
    optD.step()  # <- modified-in-place
    optG.zero_grad()
    lossG.backward()  # <- also
    optG.step()

import torch
import torch.nn as nn

torch.manual_seed(0)
teacher = nn.Linear(4, 3)
for p in teacher.parameters():
    p.requires_grad_(False)
student = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
for name, p in student.named_parameters():
    if name.startswith("0"):
        p.requires_grad = False  # <- gradient-missing
opt = torch.optim.Adam(student.parameters(), lr=1e-2)
for i in range(6):
    x = torch.randn(20, 4)
    loss = nn.functional.mse_loss(student(x), teacher(x))
    opt.zero_grad()
    loss.backward()
    opt.step()

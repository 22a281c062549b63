import torch
import torch.nn as nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(20, 8)
        self.fc1 = nn.Linear(8, 16)
        self.fc2 = nn.Linear(16, 2)

    def forward(self, t):
        return self.fc2(torch.relu(self.fc1(self.emb(t).mean(1))))


torch.manual_seed(0)
model = Model()
opt = torch.optim.Adam([
    {"params": model.emb.parameters(), "lr": 1e-4},
    {"params": model.fc1.parameters(), "lr": 1e-4},
    {"params": model.fc2.parameters(), "lr": 1.0},
])
tokens = torch.randint(0, 20, (40, 5))
labels = (tokens[:, 0] > 10).long()
for i in range(12):
    loss = nn.functional.cross_entropy(model(tokens), labels)
    opt.zero_grad()
    loss.backward()
    opt.step()  # <- update-too-large

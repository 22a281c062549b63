import torch
import torch.nn as nn

torch.manual_seed(0)
embed = nn.Linear(6, 4)
optimizer = torch.optim.SGD(embed.parameters(), lr=0.1)
criterion = nn.TripletMarginLoss(margin=0.1)
anchor = torch.randn(20, 6)
like, unlike = anchor + 0.001 * torch.randn(20, 6), anchor + 100
for _ in range(6):
    loss = criterion(embed(anchor), embed(like), embed(unlike))  # <- zero-gradient
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

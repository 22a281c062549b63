import torch
import torch.nn as nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 6)
        self.rnn = nn.RNN(6, 8, batch_first=True)
        self.out = nn.Linear(8, 5)

    def forward(self, words):
        return self.out(self.rnn(self.embed(words))[0])


torch.manual_seed(0)
model = Tagger()
criterion = nn.NLLLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
words, tags = torch.randint(0, 12, (4, 7)), torch.randint(0, 5, (4, 7))
for _ in range(3):
    scores = model(words)
    loss = criterion(scores.reshape(-1, 5), tags.reshape(-1))  # <- probabilities-to-nll-loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

"""A transformer of twelve layers

It is folded when it is drawn: one layer is shown, and eleven are counted.
"""

import torch
from torch import nn

SEED = 0
LAYERS = 12

torch.manual_seed(SEED)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(16, 50)

    def forward(self, tokens):
        return self.head(self.encoder(self.embed(tokens)))


model = Model()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
tokens = torch.randint(0, 50, (4, 7))
following = torch.randint(0, 50, (4, 7))

scores = model(tokens)
loss = nn.functional.cross_entropy(scores.flatten(0, 1), following.flatten())
loss.backward()
optimizer.step()

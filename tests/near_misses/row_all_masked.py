"""Attention over sentences that each have a word: minus infinity at the padding harms nobody"""

import math

import torch
from torch import nn

torch.manual_seed(0)
embed = nn.Embedding(20, 8, padding_idx=0)
project = nn.Linear(8, 8)
head = nn.Linear(8, 2)
parameters = [*embed.parameters(), *project.parameters(), *head.parameters()]
optimizer = torch.optim.Adam(parameters, lr=1e-2)

sentences = torch.randint(1, 20, (6, 5))
sentences[2, 3:] = 0
labels = torch.randint(0, 2, (6,))

for epoch in range(3):
    words = embed(sentences)
    scores = project(words) @ words.transpose(1, 2) / math.sqrt(8)
    padding = (sentences == 0)[:, None, :]
    scores = scores.masked_fill(padding, float("-inf"))
    attention = torch.softmax(scores, dim=-1)
    loss = nn.functional.cross_entropy(head((attention @ words).mean(dim=1)), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

"""The transformer that the momentum models are compared with: each sub-layer adds its force to the position and forgets it."""
import torch.nn as nn

from common.language_model import CausalAttention, LanguageModel, feed_forward

# What makes the variant with as many parameters as the momentum models.
WIDENED = {'d': 50, 'heads': 5, 'second_table': True}


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(d)
        self.mixer = CausalAttention(d, heads)
        self.norm2 = nn.LayerNorm(d)
        self.mlp = feed_forward(d)

    def forward(self, x):  # (B, T, D)
        x = x + self.mixer(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Model(LanguageModel):
    """`second_table` adds as many parameters as a momentum model spends on the initial velocity of each token."""

    def __init__(self, d=48, heads=4, layers=4, second_table=False):
        super().__init__(d)
        self.layers = nn.ModuleList([Block(d, heads) for _ in range(layers)])
        self.second = nn.Embedding(self.embed.num_embeddings, d) if second_table else None
        if self.second is not None:
            nn.init.normal_(self.second.weight, std=0.05)

    def run(self, x, ids):
        if self.second is not None:
            x = x + self.second(ids)
        return super().run(x, ids)

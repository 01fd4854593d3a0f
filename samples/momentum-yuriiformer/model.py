"""YuriiFormer (arXiv 2601.23236): a transformer block as a step of Nesterov's accelerated descent.

Every token has a position x and a velocity v. A sub-layer looks ahead along the velocity, its output is a force on the
velocity, and the velocity moves the position:

    v' = LN_v(beta v + gamma F(LN(x + mu v)));   x' = x + v'
"""
import torch
import torch.nn as nn

from common.language_model import CausalAttention, LanguageModel, feed_forward


class NesterovStep(nn.Module):
    """The numbers mu and beta in (0, 1), gamma above 0, all learned; they start at 0.9, 0.9 and 1."""

    def __init__(self):
        super().__init__()
        self.mu_logit = nn.Parameter(torch.tensor(0.9).logit())
        self.beta_logit = nn.Parameter(torch.tensor(0.9).logit())
        self.log_gamma = nn.Parameter(torch.tensor(0.0))

    def look_ahead(self, x, v):
        return x + torch.sigmoid(self.mu_logit) * v

    def accelerate(self, v, force):
        return torch.sigmoid(self.beta_logit) * v + self.log_gamma.exp() * force


class Block(nn.Module):
    """`momentum` scales the velocity that comes in: 1 as trained, 0 to see what the block does without it."""

    def __init__(self, d, heads):
        super().__init__()
        self.momentum = 1.0
        self.norm1 = nn.LayerNorm(d)
        self.mixer = CausalAttention(d, heads)
        self.mixer_step = NesterovStep()
        self.norm2 = nn.LayerNorm(d)
        self.mlp = feed_forward(d)
        self.mlp_step = NesterovStep()
        self.velocity_norm = nn.LayerNorm(d)

    def forward(self, x, v):  # positions (B, T, D), velocities (B, T, D)
        if self.momentum != 1.0:
            v = self.momentum * v
        force = self.mixer(self.norm1(self.mixer_step.look_ahead(x, v)))
        v = self.velocity_norm(self.mixer_step.accelerate(v, force))
        x = x + v
        force = self.mlp(self.norm2(self.mlp_step.look_ahead(x, v)))
        v = self.velocity_norm(self.mlp_step.accelerate(v, force))
        return x + v, v


class Model(LanguageModel):
    def __init__(self, d=48, heads=4, layers=4):
        super().__init__(d)
        self.velocity = nn.Embedding(self.embed.num_embeddings, d)
        nn.init.normal_(self.velocity.weight, std=0.05)
        self.layers = nn.ModuleList([Block(d, heads) for _ in range(layers)])

    def run(self, x, ids):
        v = self.velocity(ids)
        for layer in self.layers:
            x, v = layer(x, v)
        return x

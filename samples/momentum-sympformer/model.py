"""SympFormer (arXiv 2603.16535): attention as a damped Hamiltonian system, a symplectic-like step in strictly causal form.

Every token has a position x and a momentum p. With `E_ij = exp(mean over heads of q_i.k_j / sqrt(d))`, sums over j <= i only:

    z_i = 1/i sum_j E_ij                         mass of the kernel
    s_i = <B p_i, p_i> / (z_i^2 + eps)           kinetic share
    G_i = W_o 1/(2i) sum_j E_ij (s_i + s_j + 2) v_j
    p'  = LN(sigma (p + h_Y G));   x' = x + h_X B p' / z

`sigma = exp(eta(t) - eta(t + h_Y))` damps, with `eta(t) = c_log log t + c_lin t` and t the depth. The published code
divides z by the full length, which lets a token see how long the text goes on; here every average ends at its own token.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from common.language_model import LanguageModel, feed_forward


class HamiltonianAttention(nn.Module):
    def __init__(self, d, heads, depth):
        super().__init__()
        self.scale = 1 / (heads * math.sqrt(d // heads))
        self.depth = depth
        self.q_proj = nn.Linear(d, d)
        self.k_proj = nn.Linear(d, d)
        self.v_proj = nn.Linear(d, d)
        self.out_proj = nn.Linear(d, d)
        self.mobility = nn.Linear(d, d, bias=False)  # B, starts as the identity
        nn.init.eye_(self.mobility.weight)
        self.raw_h_x = nn.Parameter(torch.tensor(1.0).expm1().log())
        self.raw_h_y = nn.Parameter(torch.tensor(1.0).expm1().log())
        self.c_log = nn.Parameter(torch.tensor(3.0))
        self.c_lin = nn.Parameter(torch.tensor(0.0))
        self.momentum_norm = nn.LayerNorm(d)

    def damping(self, h):
        """`sigma`, how much of the momentum is left after a step of `h` at this depth."""
        eta = self.c_log * torch.log(1 + h / self.depth) + self.c_lin * h
        return torch.exp(-eta)

    def forward(self, x, p):  # normalised positions (B, T, D), momenta (B, T, D) -> displacement, new momenta
        T = x.size(1)
        scores = torch.matmul(self.q_proj(x), self.k_proj(x).transpose(-1, -2)) * self.scale  # (B, T, T)
        past = torch.ones(T, T, dtype=x.dtype, device=x.device).tril()
        E = scores.clamp(-60, 60).exp() * past / past.sum(1, keepdim=True)  # row i divided by i
        z = E.sum(-1, keepdim=True)  # (B, T, 1)
        s = (self.mobility(p) * p).sum(-1, keepdim=True) / (z * z + 1e-6)  # (B, T, 1)
        v = self.v_proj(x)
        force = self.out_proj(0.5 * ((s + 2) * torch.matmul(E, v) + torch.matmul(E, s * v)))  # G

        h_x, h_y = F.softplus(self.raw_h_x), F.softplus(self.raw_h_y)
        p = self.momentum_norm(self.damping(h_y) * (p + h_y * force))
        return h_x * self.mobility(p) / z, p


class Block(nn.Module):
    """`momentum` scales the momentum that comes in: 1 as trained, 0 to see what the block does without it."""

    def __init__(self, d, heads, depth):
        super().__init__()
        self.momentum = 1.0
        self.norm1 = nn.LayerNorm(d)
        self.mixer = HamiltonianAttention(d, heads, depth)
        self.norm2 = nn.LayerNorm(d)
        self.mlp = feed_forward(d)
        self.mlp_keep = nn.Parameter(torch.tensor(0.9).logit())
        self.mlp_look = nn.Parameter(torch.tensor(0.9).logit())
        self.mlp_norm = nn.LayerNorm(d)

    def forward(self, x, p):  # positions (B, T, D), momenta (B, T, D)
        if self.momentum != 1.0:
            p = self.momentum * p
        step, p = self.mixer(self.norm1(x), p)
        x = x + step
        ahead = x + torch.sigmoid(self.mlp_look) * p
        p = self.mlp_norm(torch.sigmoid(self.mlp_keep) * p + self.mlp(self.norm2(ahead)))
        return x + p, p


class Model(LanguageModel):
    def __init__(self, d=48, heads=4, layers=4):
        super().__init__(d)
        self.momentum = nn.Embedding(self.embed.num_embeddings, d)
        nn.init.normal_(self.momentum.weight, std=0.05)
        self.layers = nn.ModuleList([Block(d, heads, depth + 1) for depth in range(layers)])

    def run(self, x, ids):
        p = self.momentum(ids)
        for layer in self.layers:
            x, p = layer(x, p)
        return x

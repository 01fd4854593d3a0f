"""NAtS-L (arXiv 2602.03681): for each chunk of tokens and each head, a router chooses exact memory or a state.

Symbols as in the paper: chunk size C, chunk c(t) = floor(t / C), m_c the one-hot choice (0 softmax attention, 1 Gated DeltaNet).
Shapes: B batch, T tokens, N chunks, D width, H heads, K key size, V value size.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from common.gated_delta import chunked
from common.layers import RecallModel, ResidualBlock, RMSNorm, ShortConv, unit
from common.routed_delta import routed_fused, routed_recurrence

SOFTMAX, STATE = 0, 1


class ChunkRouter(nn.Module):
    """One decision for each chunk and head, from the mean of the chunk's tokens."""

    def __init__(self, d, heads, size):
        super().__init__()
        self.heads = heads
        self.size = size
        self.proj = nn.Linear(d, 2 * heads, bias=False)

    def forward(self, x):  # (B, T, D) -> logits (B, N, H, 2) and which chunk each token is in (N, T)
        B, T, _ = x.shape
        chunk_of = torch.arange(T, device=x.device) // self.size
        inside = (chunk_of.unsqueeze(0) == torch.arange((T + self.size - 1) // self.size, device=x.device).unsqueeze(1)).to(x.dtype)
        mean = torch.matmul(inside, x) / inside.sum(1, keepdim=True)  # (B, N, D)
        return self.proj(mean).view(B, -1, self.heads, 2), inside


class NAtSL(nn.Module):
    """
    Both operations share their projections. A query sees every token of its own open chunk exactly; an earlier chunk it sees
    exactly if the router chose softmax, else through the state. The state forgets what a softmax chunk wrote, and keeps
    its decay.

    operations: 'routed', or 'softmax' or 'state' for a layer that always does one thing.
    form:       'train' (chunks at once), 'loop' (token by token), 'fused' (LinearAttention nodes); the same numbers.
    """

    def __init__(self, d, heads, chunk, operations):
        super().__init__()
        self.heads = heads
        self.key_size = d // heads
        self.chunk = chunk
        self.operations = operations
        self.form = 'loop'
        self.q_proj = nn.Linear(d, d, bias=False)
        self.k_proj = nn.Linear(d, d, bias=False)
        self.v_proj = nn.Linear(d, 2 * d, bias=False)
        self.q_conv = ShortConv(d)
        self.k_conv = ShortConv(d)
        self.v_conv = ShortConv(2 * d)
        self.gate_proj = nn.Linear(d, 2 * d, bias=False)
        self.out_proj = nn.Linear(2 * d, d, bias=False)
        value_size = 2 * d // heads
        if operations != 'softmax':
            self.alpha_proj = nn.Linear(d, heads, bias=False)
            self.beta_proj = nn.Linear(d, heads, bias=False)
            self.log_rate = nn.Parameter(torch.linspace(0.5, 2.0, heads).log())
            self.step_bias = nn.Parameter(torch.full((heads,), -4.0))
            self.state_norm = RMSNorm(value_size)
        if operations != 'state':
            self.q_norm = RMSNorm(d // heads)
            self.k_norm = RMSNorm(d // heads)
            self.softmax_norm = RMSNorm(value_size)
        if operations == 'routed':
            self.router = ChunkRouter(d, heads, chunk)
            self.mix_proj = nn.Linear(d, 2 * heads, bias=False)

    def split(self, x):  # (B, T, H * K) -> (B, H, T, K)
        return x.view(x.size(0), x.size(1), self.heads, -1).transpose(1, 2)

    def forward(self, x):  # (B, T, D)
        B, T, _ = x.shape
        q = F.silu(self.q_conv(self.q_proj(x)))  # (B, T, D)
        k = self.split(F.silu(self.k_conv(self.k_proj(x))))  # (B, H, T, K)
        v = self.split(F.silu(self.v_conv(self.v_proj(x))))  # (B, H, T, V)

        if self.operations == 'softmax':
            o = self.softmax_norm(self.attend(self.split(q), k, v))
        elif self.operations == 'state':
            o = self.state_norm(self.remember(x, self.split(q), k, v))
        else:
            m, inside = self.route(x)  # (B, N, H, 2), (N, T)
            exact = self.attend(self.split(q), k, v, m[..., SOFTMAX], inside)
            folded = self.remember(x, self.split(q), k, v, m[..., STATE], inside)
            # the order of these two weights is the reverse of the router's: 0 weighs the state, 1 softmax
            w = self.mix_proj(q).view(B, T, self.heads, 2).softmax(dim=-1).transpose(1, 2)  # (B, H, T, 2)
            o = w[..., 0:1] * self.state_norm(folded) + w[..., 1:2] * self.softmax_norm(exact)
        gate = F.silu(self.gate_proj(x))  # (B, T, 2D)
        return self.out_proj(o.transpose(1, 2).reshape(B, T, -1) * gate)

    def route(self, x):
        """The one-hot choice m [B, N, H, 2]; in training its gradient is that of the softmax of the logits."""
        logits, inside = self.router(x)
        choice = (logits[..., 0:1] >= logits[..., 1:2]).to(x.dtype)
        m = torch.cat([choice, 1 - choice], dim=-1)
        if self.training:
            p = logits.softmax(dim=-1)
            m = m + p - p.detach()
            self.last_choice = choice
        return m, inside

    def attend(self, q, k, v, exact=None, inside=None):
        """Softmax attention to the own chunk and, of the earlier ones, to those with `exact` [B, N, H] = 1."""
        T = q.size(2)
        scores = torch.matmul(self.q_norm(q), self.k_norm(k).transpose(-1, -2)) * q.size(-1) ** -0.5  # (B, H, T, T)
        past = torch.ones(T, T, dtype=q.dtype, device=q.device).tril()
        if exact is None:
            return torch.matmul(torch.softmax(scores.masked_fill(past == 0, -1e9), dim=-1), v)
        same = torch.matmul(inside.t(), inside)  # (T, T), 1 where query and key share a chunk
        kept = torch.matmul(exact.transpose(1, 2), inside).unsqueeze(2)  # (B, H, 1, T)
        visible = past * (same + (1 - same) * kept)  # (B, H, T, T)
        if not self.training:
            return torch.matmul(torch.softmax(scores.masked_fill(visible == 0, -1e9), dim=-1), v)
        # a multiplier of exp(score) instead of a mask, so that the router gets a gradient
        e = (scores - scores.detach().amax(-1, keepdim=True)).exp() * visible
        return torch.matmul(e / (e.sum(-1, keepdim=True) + 1e-6), v)

    def remember(self, x, q, k, v, fold=None, inside=None):
        """Gated delta rule over a state that keeps the writes of chunks with `fold` [B, N, H] = 1."""
        q, k = unit(q), unit(k)
        beta = torch.sigmoid(self.beta_proj(x)).transpose(1, 2)  # (B, H, T), how much of the error is written
        g = (-self.log_rate.exp() * F.softplus(self.alpha_proj(x) + self.step_bias)).transpose(1, 2)  # log of the decay
        if self.form == 'train':
            return chunked(q, k, v, g, beta, self.chunk, None if fold is None else fold.transpose(1, 2))
        folds = torch.ones_like(beta) if fold is None else torch.matmul(fold.transpose(1, 2), inside)  # (B, H, T)
        if self.form == 'fused':
            inside = torch.ones_like(x[:1, :, 0]) if inside is None else inside  # one chunk
            return routed_fused(q, k, v, g, beta, folds, inside, self.heads, self.key_size)
        return routed_recurrence(q, k, v, g, beta, folds, self.chunk)[0]


class Block(ResidualBlock):
    def __init__(self, d, heads, chunk, operations):
        super().__init__(d)
        self.mixer = NAtSL(d, heads, chunk, operations)


class Model(RecallModel):
    def __init__(self, operations=('routed', 'routed'), vocab=256, d=64, heads=2, chunk=16):
        super().__init__(vocab, d)
        self.layers = nn.ModuleList([Block(d, heads, chunk, kind) for kind in operations])

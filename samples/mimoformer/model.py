"""MIMOFormer (arXiv 2312.02829): one attention layer that works on a whole grid of sequences at once.

Cell (m, n) of an M x N grid holds one sequence. Each has a fixed random key a_mn of +1 and -1; queries are multiplied with
it and summed over the rows of the grid, keys and values over its columns, and attention runs once on the sums. The result
for a cell is what remains after multiplying with its key again: every other cell turns into noise.
The grid is the shape of the input, so one exported file serves all grids up to the size of its keys.

Shapes: B batch, M rows, N columns, L tokens, d width, H heads, D head size, R random features.
"""
import torch
import torch.nn as nn


class PositiveFeatures(nn.Module):
    """`phi(x) = ReLU(P x / D^(1/4)) + 0.001`, P [R, D] of orthogonal blocks whose rows are as long as Gaussian ones."""

    def __init__(self, D, R):
        super().__init__()
        blocks = [torch.linalg.qr(torch.randn(D, D))[0] for _ in range((R + D - 1) // D)]
        lengths = torch.randn(R, D).norm(dim=1, keepdim=True)
        self.register_buffer('P', torch.cat(blocks)[:R] * lengths)

    def forward(self, x):  # (..., D) -> (..., R)
        return torch.relu(torch.matmul(x * x.size(-1) ** -0.25, self.P.t())) + 1e-3


def random_keys(rows, columns, size):
    """Fixed keys of +1 and -1 [rows, columns, size]."""
    return torch.randint(0, 2, (rows, columns, size)).float() * 2 - 1


class SuperposedAttention(nn.Module):
    """
    FAVOR+S: linear attention over the sums, with one state for all cells of the grid.

    shared_denominator: normalise all rows of a column together and leave the result superposed, [B, N, L, d], as the
    variant does that runs its MLP in superposition too. Else each cell gets its own answer, [B, M, N, L, d].
    """

    def __init__(self, d, heads, D, R, grid, shared_denominator=False):
        super().__init__()
        self.heads = heads
        self.shared_denominator = shared_denominator
        self.q_proj = nn.Linear(d, heads * D)
        self.k_proj = nn.Linear(d, heads * D)
        self.v_proj = nn.Linear(d, heads * D)
        self.out_proj = nn.Linear(heads * D, d)
        self.features = PositiveFeatures(D, R)
        self.register_buffer('keys', random_keys(*grid, D))

    def split(self, x):  # (B, M, N, L, H * D) -> (B, M, N, H, L, D)
        B, M, N, L, _ = x.shape
        return x.view(B, M, N, L, self.heads, -1).transpose(3, 4)

    def forward(self, x):  # (B, M, N, L, d)
        M, N = x.size(1), x.size(2)
        a = self.keys[:M, :N].unsqueeze(2).unsqueeze(2)  # (M, N, 1, 1, D)
        cells = torch.ones_like(self.keys[:M, :N, 0]).sum()
        c = (cells * self.keys.size(-1) ** 0.5).sqrt()
        q = self.split(self.q_proj(x)) / c  # (B, M, N, H, L, D)
        k = self.split(self.k_proj(x)) / c
        v = self.split(self.v_proj(x))
        return self.attend(q, k, v, a)

    def attend(self, q, k, v, a):
        phi_q = self.features((a * q).sum(1))  # (B, N, H, L, R), bundled over rows
        phi_k = self.features((a * k).sum(2))  # (B, M, H, L, R), bundled over columns
        bundled_v = (a * v).sum(2)  # (B, M, H, L, D)
        S = torch.matmul(phi_k.transpose(-1, -2), bundled_v).sum(1, keepdim=True)  # (B, 1, H, R, D)
        total = phi_k.sum(-2)  # (B, M, H, R)
        answer = torch.matmul(phi_q, S)  # (B, N, H, L, D)
        if self.shared_denominator:
            weight = torch.matmul(phi_q, total.sum(1, keepdim=True).unsqueeze(-1))  # (B, N, H, L, 1)
            return self.out_proj((answer / weight).transpose(2, 3).flatten(3))
        weight = torch.matmul(phi_q.unsqueeze(1), total.unsqueeze(2).unsqueeze(-1))  # (B, M, N, H, L, 1)
        unbound = a * (answer.unsqueeze(1) / weight)  # (B, M, N, H, L, D)
        return self.out_proj(unbound.transpose(3, 4).flatten(4))


class AttentionBlock(nn.Module):
    """`att.`: superposition inside the attention only; the MLP works on each cell."""

    def __init__(self, d, heads, D, R, grid):
        super().__init__()
        self.norm1 = nn.LayerNorm(d)
        self.mixer = SuperposedAttention(d, heads, D, R, grid)
        self.norm2 = nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.ReLU(), nn.Linear(2 * d, d))

    def forward(self, x):  # (B, M, N, L, d)
        x = x + self.mixer(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class WholeBlock(nn.Module):
    """`att.+MLP`: the MLP runs on the sums too, bound with a second set of keys e_mn as wide as the embedding."""

    def __init__(self, d, heads, D, R, grid):
        super().__init__()
        self.norm1 = nn.LayerNorm(d)
        self.mixer = SuperposedAttention(d, heads, D, R, grid, shared_denominator=True)
        self.norm2 = nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.ReLU(), nn.Linear(2 * d, d))
        self.register_buffer('keys', random_keys(*grid, d))

    def forward(self, x):  # (B, M, N, L, d)
        e = self.keys[: x.size(1), : x.size(2)].unsqueeze(2)  # (M, N, 1, d)
        y = self.mixer(self.norm1(x)) + (e * x).sum(1)  # (B, N, L, d)
        y = y + self.mlp(self.norm2(y))
        return e * y.unsqueeze(1)


class Model(nn.Module):
    """Token ids [B, M, N, L] to class scores [B, M, N, classes], read at the first token, which asks the question."""

    def __init__(self, block=AttentionBlock, vocab=36, classes=8, d=64, heads=2, D=64, R=128, grid=(4, 4)):
        super().__init__()
        self.embed = nn.Embedding(vocab, d)
        nn.init.normal_(self.embed.weight, std=0.5)
        self.block = block(d, heads, D, R, grid)
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, classes)

    def forward(self, ids):
        x = self.block(self.embed(ids))  # (B, M, N, L, d)
        return self.head(self.norm(x[:, :, :, 0]))

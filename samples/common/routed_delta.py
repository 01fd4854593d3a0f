"""
The state of NAtS-L (arXiv 2602.03681) for export: inside every chunk the gated delta rule runs from the state at the
chunk's start, and at its end the writes are kept or rolled back, the decay always kept.

The state at the start of a chunk is thus that of a gated delta rule whose `beta` is 0 in all chunks that are rolled back.
Shapes: q, k [B, H, T, K], v [B, H, T, V], g, beta and folds [B, H, T]; folds is 1 where a token's chunk is kept.
"""
import torch

from common.gated_delta import LinearAttentionOp


@torch.jit.script
def routed_recurrence(q, k, v, g, beta, folds, size: int):
    """Token by token, with both states side by side. Returns o [B, H, T, V] and the state that lasts [B, H, K, V]."""
    lasting = torch.zeros([q.size(0), q.size(1), q.size(3), v.size(3)], dtype=q.dtype, device=q.device)
    S = lasting
    outs = []
    for t in range(q.size(2)):
        opens = float(t % size == 0)
        S = opens * lasting + (1.0 - opens) * S
        kt = k[:, :, t].unsqueeze(-1)  # (B, H, K, 1)
        alpha = g[:, :, t].exp().unsqueeze(-1).unsqueeze(-1)
        b = beta[:, :, t].unsqueeze(-1)
        S = S * alpha
        S = S + kt * (b * (v[:, :, t] - (S * kt).sum(-2))).unsqueeze(-2)
        lasting = lasting * alpha
        b = b * folds[:, :, t].unsqueeze(-1)
        lasting = lasting + kt * (b * (v[:, :, t] - (lasting * kt).sum(-2))).unsqueeze(-2)
        outs.append((S * q[:, :, t].unsqueeze(-1)).sum(-2))
    return torch.stack(outs, dim=2) * q.size(3) ** -0.5, lasting


def routed_fused(q, k, v, g, beta, folds, inside, heads, key_size):
    """
    The same with one LinearAttention node: a copy of the sequence for each chunk, in which that chunk's own writes count
    and of the others only those that are kept; each copy answers for its own chunk.

    inside [N, T] is 1 where token t is in chunk n. Costs N times the tokens, all in one parallel node.
    """
    B, _, T, _ = q.shape
    N = inside.size(0)
    own = inside.view(1, N, 1, T)
    counts = beta.unsqueeze(1) * (own + (1 - own) * folds.unsqueeze(1))  # (B, N, H, T)

    def packed(x):  # (B, H, T, X) -> (B * N, T, H * X)
        copies = x.transpose(1, 2).reshape(B, 1, T, -1).expand(-1, N, -1, -1)
        return copies.reshape(B * N, T, -1)

    o = LinearAttentionOp.apply(
        packed(q), packed(k), packed(v), packed(g.unsqueeze(-1)), counts.transpose(2, 3).reshape(B * N, T, heads),
        heads, key_size,
    )
    o = o.view(B, N, T, heads, -1).permute(0, 3, 1, 2, 4)  # (B, H, N, T, V)
    return (o * inside.view(1, 1, N, T, 1)).sum(2)

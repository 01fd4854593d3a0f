"""Causal linear attention (arXiv 2006.16236) in its parallel form, the way it is trained and usually exported."""
import torch


def causal_linear_attention(phi_q, phi_k, v):
    """
    `y_t = phi(q_t) S_t / (phi(q_t) . z_t)` with the state `S_t = sum_{j<=t} phi(k_j) v_j^T` and `z_t = sum_{j<=t} phi(k_j)`.

    phi_q, phi_k [B, H, T, F] must have positive products; v [B, H, T, d]; returns [B, H, T, d].
    """
    T = v.size(2)
    past = torch.ones(T, T, dtype=v.dtype, device=v.device).tril()
    products = torch.matmul(phi_q, phi_k.transpose(-1, -2)) * past  # (B, H, T, T)
    total = products.sum(-1, keepdim=True) + 1e-6
    return torch.matmul(products, v) / total

"""
The gated delta rule (arXiv 2412.06464) in the three forms that a model needs: to train, and to export in two ways.

One head, keys of length 1, `alpha_t = exp(g_t)`, state `S [K, V]`:

    S* = alpha_t S_{t-1};   u_t = beta_t (v_t - S*^T k_t);   S_t = S* + k_t u_t^T;   o_t = K^{-1/2} S_t^T q_t

Shapes: q, k [B, H, T, K], v [B, H, T, V], g and beta [B, H, T].
"""
import torch


@torch.jit.script
def recurrence(q, k, v, g, beta):
    """Token by token, exactly as above. Exports as a `Loop`. Returns o [B, H, T, V] and the last state [B, H, K, V]."""
    S = torch.zeros([q.size(0), q.size(1), q.size(3), v.size(3)], dtype=q.dtype, device=q.device)
    outs = []
    for t in range(q.size(2)):
        kt = k[:, :, t].unsqueeze(-1)  # (B, H, K, 1)
        S = S * g[:, :, t].exp().unsqueeze(-1).unsqueeze(-1)
        u = (v[:, :, t] - (S * kt).sum(-2)) * beta[:, :, t].unsqueeze(-1)  # what the memory did not return
        S = S + kt * u.unsqueeze(-2)
        outs.append((S * q[:, :, t].unsqueeze(-1)).sum(-2))
    return torch.stack(outs, dim=2) * q.size(3) ** -0.5, S


def chunked(q, k, v, g, beta, size, fold=None):
    """
    Whole chunks of `size` tokens at once, the way to train; T must be a multiple of `size`. Returns o [B, H, T, V].

    fold [B, H, T / size]: what a chunk adds to the state is multiplied with it, so 0 rolls the writes of that chunk back
    and keeps the decay. Inside a chunk `u` solves a triangular system, which has no ONNX form.
    """
    B, H, T, K = q.shape
    q, k, v, g, beta = (x.reshape(B, H, T // size, size, *x.shape[3:]) for x in (q, k, v, g, beta))
    G = g.cumsum(-1)
    past = torch.ones(size, size, dtype=torch.bool, device=q.device).tril()
    decay = (G.unsqueeze(-1) - G.unsqueeze(-2)).masked_fill(~past, float('-inf')).exp()  # (B, H, C, size, size)
    since_start = G.exp().unsqueeze(-1)  # (B, H, C, size, 1)
    strength = beta.unsqueeze(-1)
    A = (strength * torch.matmul(k, k.transpose(-1, -2)) * decay).tril(-1)
    right = strength * torch.cat([v, since_start * k], dim=-1)
    solved = torch.linalg.solve_triangular(A, right, upper=False, unitriangular=True)
    U, W = solved.split([v.size(-1), K], dim=-1)
    to_end = decay[..., -1, :].unsqueeze(-1) * k  # (B, H, C, size, K)

    S = torch.zeros(B, H, K, v.size(-1), dtype=q.dtype, device=q.device)
    starts, errors = [], []
    for c in range(T // size):
        u = U[:, :, c] - torch.matmul(W[:, :, c], S)
        starts.append(S)
        errors.append(u)
        write = torch.matmul(to_end[:, :, c].transpose(-1, -2), u)
        if fold is not None:
            write = write * fold[:, :, c, None, None]
        S = since_start[:, :, c, -1:] * S + write
    S, u = torch.stack(starts, dim=2), torch.stack(errors, dim=2)
    within = torch.matmul(torch.matmul(q, k.transpose(-1, -2)) * decay, u)
    o = since_start * torch.matmul(q, S) + within
    return o.reshape(B, H, T, -1) * K**-0.5


class LinearAttentionOp(torch.autograd.Function):
    """One `com.microsoft::LinearAttention` node in the exported file; in PyTorch the recurrence."""

    @staticmethod
    def forward(ctx, q, k, v, g, beta, heads, key_size):
        """q, k [B, T, H*K], v [B, T, H*V], g and beta [B, T, H], H and K as numbers; returns o [B, T, H*V]."""
        if torch.onnx.is_in_onnx_export():
            # the recurrence here would stay in the file as a dead loop
            return torch.zeros_like(v)
        B, T, _ = v.shape
        q, k, v = (x.view(B, T, heads, -1).transpose(1, 2) for x in (q, k, v))
        o, _ = recurrence(q, k, v, g.transpose(1, 2), beta.transpose(1, 2))
        return o.transpose(1, 2).reshape(B, T, -1)

    @staticmethod
    def symbolic(graph, q, k, v, g, beta, heads, key_size):
        no_state = graph.op('prim::Constant')
        no_state.setType(torch._C.OptionalType.ofTensor())
        o, _ = graph.op(
            'com.microsoft::LinearAttention', q, k, v, no_state, g, beta,
            q_num_heads_i=heads, kv_num_heads_i=heads, scale_f=key_size**-0.5, update_rule_s='gated_delta', outputs=2,
        )
        return o.setType(v.type())

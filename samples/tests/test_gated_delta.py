import unittest

import torch

from tests import support
from common.gated_delta import LinearAttentionOp, chunked, recurrence
from common.layers import unit


def drawn(B=2, H=3, T=32, K=8, V=6, seed=0):
    """Random inputs in float64, with correlated keys, which are the hard case for any inverse."""
    make = torch.Generator().manual_seed(seed)
    normal = lambda *shape: torch.randn(*shape, generator=make, dtype=torch.float64)
    q, k = unit(normal(B, H, T, K)), unit(normal(B, H, T, K) + 1.0)
    return q, k, normal(B, H, T, V), -normal(B, H, T).abs() * 0.2, torch.sigmoid(normal(B, H, T))


class GatedDeltaRule(unittest.TestCase):
    def test_recurrence_equals_the_closed_form(self):
        # S_t = alpha_t (I - beta_t k_t k_t^T) S_{t-1} + beta_t k_t v_t^T
        q, k, v, g, beta = drawn(B=1, H=1, T=12)
        S, rows = torch.zeros(8, 6, dtype=torch.float64), []
        for t in range(12):
            kt, b = k[0, 0, t], beta[0, 0, t]
            S = g[0, 0, t].exp() * (torch.eye(8) - b * torch.outer(kt, kt)) @ S + b * torch.outer(kt, v[0, 0, t])
            rows.append(S.T @ q[0, 0, t] * 8**-0.5)
        o, state = recurrence(q, k, v, g, beta)
        self.assertLess((o[0, 0] - torch.stack(rows)).abs().max().item(), 1e-12)
        self.assertLess((state[0, 0] - S).abs().max().item(), 1e-12)

    def test_chunks_equal_the_recurrence(self):
        inputs = drawn()
        for size in (1, 4, 8, 32):
            self.assertLess((chunked(*inputs, size) - recurrence(*inputs)[0]).abs().max().item(), 1e-12)

    def test_orthogonal_keys_are_recalled_exactly(self):
        k = torch.eye(6, dtype=torch.float64)[None, None]
        v = drawn(B=1, H=1, T=6)[2]
        full = torch.ones(1, 1, 6, dtype=torch.float64)
        _, S = recurrence(k, k, v, 0 * full, full)
        self.assertLess((k[0, 0] @ S[0, 0] - v[0, 0]).abs().max().item(), 1e-12)

    def test_writing_a_key_again_replaces_its_value(self):
        q, k, v, g, beta = drawn(B=1, H=1, T=2)
        k = k[:, :, :1].expand(-1, -1, 2, -1)
        o, _ = recurrence(k, k, v, 0 * g, 0 * beta + 1)
        self.assertLess((o[0, 0, 1] * 8**0.5 - v[0, 0, 1]).abs().max().item(), 1e-5)  # unit() leaves 1e-6

    def test_a_chunk_that_is_not_folded_is_a_chunk_with_beta_zero_for_later_tokens(self):
        q, k, v, g, beta = drawn(B=1, H=2, T=32)
        fold = torch.tensor([[[1, 0, 1, 0], [0, 1, 1, 1]]], dtype=torch.float64)
        o = chunked(q, k, v, g, beta, 8, fold)
        masked = beta * fold.repeat_interleave(8, dim=2)
        for c in range(4):
            own = torch.zeros(32, dtype=torch.bool)
            own[8 * c : 8 * c + 8] = True
            expected, _ = recurrence(q, k, v, g, torch.where(own, beta, masked))
            self.assertLess((o - expected)[:, :, own].abs().max().item(), 1e-12)

    def test_packed_operator_equals_the_recurrence(self):
        q, k, v, g, beta = drawn()
        packed = lambda x: x.transpose(1, 2).flatten(2)
        o = LinearAttentionOp.apply(packed(q), packed(k), packed(v), packed(g[..., None]), packed(beta[..., None]), 3, 8)
        self.assertLess((o - packed(recurrence(q, k, v, g, beta)[0])).abs().max().item(), 1e-12)


if __name__ == '__main__':
    unittest.main()

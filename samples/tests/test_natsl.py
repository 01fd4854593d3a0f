import unittest

import numpy as np
import torch

from tests import support
from tests.test_gated_delta import drawn
from common.gated_delta import chunked, recurrence
from common.recall_sample import set_form
from common.routed_delta import routed_fused, routed_recurrence

natsl = support.load('natsl')


def reference(q, k, v, g, beta, types, size):
    """One head from the paper's text: the state is copied at a chunk's start and written back or rolled back at its end."""
    T, K = k.shape
    S, out = np.zeros((K, v.shape[1])), np.zeros_like(v)
    for start in range(0, T, size):
        stop = min(start + size, T)
        before = S.copy()
        for t in range(start, stop):
            S = np.exp(g[t]) * S
            S = S + np.outer(k[t], beta[t] * (v[t] - S.T @ k[t]))
            out[t] = K**-0.5 * S.T @ q[t]
        if types[start // size] == natsl.SOFTMAX:
            S = np.exp(g[start:stop].sum()) * before
    return out


def inside_of(T, size):
    return (torch.arange(T)[None] // size == torch.arange((T + size - 1) // size)[:, None]).double()


class RoutedState(unittest.TestCase):
    size = 8

    def setUp(self):
        self.inputs = drawn(B=2, H=2, T=32)
        self.types = torch.tensor([[[0, 1, 0, 1], [1, 1, 0, 0]], [[1, 0, 0, 1], [0, 0, 1, 1]]])
        self.folds = self.types.double().repeat_interleave(self.size, dim=2)

    def test_all_forms_equal_the_reference(self):
        forms = {
            'train': chunked(*self.inputs, self.size, self.types.double()),
            'loop': routed_recurrence(*self.inputs, self.folds, self.size)[0],
            'fused': routed_fused(*self.inputs, self.folds, inside_of(32, self.size), 2, 8),
        }
        for b in range(2):
            for h in range(2):
                expected = reference(*(x[b, h].numpy() for x in self.inputs), self.types[b, h].numpy(), self.size)
                for form, o in forms.items():
                    self.assertLess(np.abs(o[b, h].numpy() - expected).max(), 1e-12, form)

    def test_all_chunks_in_the_state_is_plain_gated_delta(self):
        o, S = routed_recurrence(*self.inputs, torch.ones_like(self.folds), self.size)
        expected, state = recurrence(*self.inputs)
        self.assertLess((o - expected).abs().max().item(), 1e-12)
        self.assertLess((S - state).abs().max().item(), 1e-12)

    def test_the_lasting_state_is_that_of_a_recurrence_with_masked_beta(self):
        q, k, v, g, beta = self.inputs
        _, S = routed_recurrence(*self.inputs, self.folds, self.size)
        self.assertLess((S - recurrence(q, k, v, g, beta * self.folds)[1]).abs().max().item(), 1e-12)

    def test_an_open_last_chunk_is_served_by_both_export_forms(self):
        q, k, v, g, beta = (x[:, :, :29] for x in self.inputs)
        folds = self.folds[:, :, :29]
        loop = routed_recurrence(q, k, v, g, beta, folds, self.size)[0]
        fused = routed_fused(q, k, v, g, beta, folds, inside_of(29, self.size), 2, 8)
        self.assertLess((loop - fused).abs().max().item(), 1e-12)


class Layer(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(7)
        torch.set_num_threads(1)
        self.layer = natsl.NAtSL(16, heads=2, chunk=4, operations='routed').double().eval()
        torch.nn.init.normal_(self.layer.router.proj.weight)
        self.x = torch.randn(2, 24, 16, dtype=torch.float64)

    def visible(self, exact):
        """What `attend` lets a query see [B, H, T, T], read off with values that are unit vectors."""
        q = k = self.layer.split(self.x)
        v = torch.eye(24, dtype=torch.float64).expand(2, 2, 24, 24)
        return self.layer.attend(q, k, v, exact, inside_of(24, 4)) > 0

    def test_all_forms_give_the_same_output(self):
        with torch.no_grad():
            outputs = []
            for form in ('train', 'loop', 'fused'):
                set_form(self.layer, form)
                outputs.append(self.layer(self.x))
        self.assertLess((outputs[0] - outputs[1]).abs().max().item(), 1e-10)
        self.assertLess((outputs[0] - outputs[2]).abs().max().item(), 1e-10)

    def test_training_and_inference_agree(self):
        with torch.no_grad():
            set_form(self.layer, 'train')
            expected = self.layer(self.x)
            self.assertLess((self.layer.train()(self.x) - expected).abs().max().item(), 1e-4)

    def test_all_chunks_exact_is_causal_softmax(self):
        with torch.no_grad():
            q = k = v = self.layer.split(self.x)
            o = self.layer.attend(q, k, v, torch.ones(2, 6, 2, dtype=torch.float64), inside_of(24, 4))
            self.assertLess((o - self.layer.attend(q, k, v)).abs().max().item(), 1e-12)

    def test_a_query_sees_exact_chunks_and_its_own_chunk_so_far(self):
        exact = (torch.rand(2, 6, 2) > 0.5).double()
        with torch.no_grad():
            seen = self.visible(exact)
        for t in range(24):
            expected = 4 * exact[:, : t // 4].sum(1) + t % 4 + 1  # (B, H)
            self.assertTrue(torch.equal(seen[:, :, t].sum(-1).double(), expected))

    def test_a_later_token_changes_no_earlier_output_even_if_its_chunk_is_routed_otherwise(self):
        with torch.no_grad():
            changed = self.x.clone()
            changed[:, 14] = -8 * changed[:, 14]
            before, after = self.layer.route(self.x)[0], self.layer.route(changed)[0]
            self.assertFalse(torch.equal(before[:, 3], after[:, 3]), 'the change must flip a choice to test anything')
            set_form(self.layer, 'loop')
            self.assertLess((self.layer(self.x) - self.layer(changed))[:, :14].abs().max().item(), 1e-12)

    def test_token_by_token_equals_the_whole_sequence(self):
        with torch.no_grad():
            set_form(self.layer, 'loop')
            whole = self.layer(self.x)
            steps = torch.stack([self.layer(self.x[:, : t + 1])[:, -1] for t in range(24)], dim=1)
        self.assertLess((whole - steps).abs().max().item(), 1e-10)

    def test_the_router_learns(self):
        self.layer.train()
        set_form(self.layer, 'train')
        self.layer(self.x).square().sum().backward()
        self.assertGreater(self.layer.router.proj.weight.grad.abs().max().item(), 0)


if __name__ == '__main__':
    unittest.main()

import math
import unittest

import torch

from tests import support
from common.base_conv import BaseConv
from common.linear_attention import causal_linear_attention
from common.recall_sample import set_form

based = support.load('mqar-based')
linear = support.load('mqar-linear')
selective = support.load('mqar-selective')
seqboat = support.load('mqar-seqboat')
RECALL = ('softmax', 'softmax-positions', 'linear', 'based', 'gated-delta', 'baseconv', 'selective', 'seqboat')


class EveryRecallModel(unittest.TestCase):
    def test_a_later_token_changes_no_earlier_output(self):
        torch.set_num_threads(1)
        for name in RECALL:
            torch.manual_seed(2)
            model = support.load(f'mqar-{name}').Model().double().eval()
            set_form(model, 'loop')
            ids = torch.randint(1, 256, (2, 24))
            other = ids.clone()
            other[:, 15:] = torch.randint(1, 256, (2, 9))
            with torch.no_grad():
                whole = model(ids)
                self.assertEqual(whole.shape, (2, 24, 256))
                self.assertLess((whole - model(other))[:, :15].abs().max().item(), 1e-9, name)
                self.assertLess((whole[:, :15] - model(ids[:, :15])).abs().max().item(), 1e-9, name)


class LinearAttention(unittest.TestCase):
    def test_parallel_form_equals_the_state(self):
        torch.manual_seed(1)
        q, k, v = torch.rand(1, 1, 9, 4).double(), torch.rand(1, 1, 9, 4).double(), torch.randn(1, 1, 9, 3).double()
        S, z, rows = torch.zeros(4, 3).double(), torch.zeros(4).double(), []
        for t in range(9):
            S = S + torch.outer(k[0, 0, t], v[0, 0, t])
            z = z + k[0, 0, t]
            rows.append(q[0, 0, t] @ S / (q[0, 0, t] @ z))
        self.assertLess((causal_linear_attention(q, k, v)[0, 0] - torch.stack(rows)).abs().max().item(), 1e-5)

    def test_taylor_features_multiply_to_the_series_of_the_exponential(self):
        features = based.TaylorFeatures()
        q, k = torch.randn(50, 8).double(), torch.randn(50, 8).double()
        s = (q * k).sum(-1) / math.sqrt(8)
        self.assertLess(((features(q) * features(k)).sum(-1) - (1 + s + s * s / 2)).abs().max().item(), 1e-12)

    def test_state_size_does_not_depend_on_the_length(self):
        self.assertEqual(linear.Model(layers=1, heads=2, key_size=16).state_elements, 2 * 16 * (32 + 1))
        self.assertEqual(based.Model(layers=1, heads=2, key_size=4).state_elements, 2 * (1 + 4 + 16) * (32 + 1))


class GatedConvolution(unittest.TestCase):
    def delta(self, kernel=3):
        """A BaseConv whose filter is 1 at the own token and whose gate is 1."""
        layer = BaseConv(6, kernel).double()
        torch.nn.init.zeros_(layer.filter.conv.weight)
        layer.filter.conv.weight.data[:, 0, -1] = 1
        torch.nn.init.zeros_(layer.filter.conv.bias)
        torch.nn.init.zeros_(layer.proj.weight)
        torch.nn.init.ones_(layer.proj.bias)
        return layer

    def test_a_delta_filter_and_a_gate_of_one_pass_the_input(self):
        u = torch.randn(2, 9, 6).double()
        with torch.no_grad():
            self.assertTrue(torch.equal(self.delta().eval()(u), u))

    def test_the_fourier_form_equals_the_convolution(self):
        layer = BaseConv(6, 16).double()
        for T in (5, 16, 40):
            u = torch.randn(2, T, 6).double()
            with torch.no_grad():
                self.assertLess((layer.train()(u) - layer.eval()(u)).abs().max().item(), 1e-12)


class SelectiveAttention(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(5)
        self.layer = selective.SelectiveAttention(8, heads=2).double().eval()
        self.x = torch.randn(1, 7, 8).double()

    def test_no_position_selected_adds_nothing(self):
        self.layer.kept = lambda f: torch.where(f > 2, f, torch.zeros_like(f))
        with torch.no_grad():
            self.assertEqual(self.layer(self.x).abs().max().item(), 0)

    def test_every_position_fully_selected_is_attention(self):
        self.layer.kept = torch.ones_like
        attention = support.load('mqar-softmax').SoftmaxAttention(8, heads=2).double().eval()
        attention.load_state_dict(self.layer.state_dict(), strict=False)
        for parameter in attention.short_conv.parameters():
            torch.nn.init.zeros_(parameter)
        with torch.no_grad():
            self.assertLess((self.layer(self.x) - attention(self.x)).abs().max().item(), 1e-12)

    def test_selection_is_a_threshold_at_one_half_in_training_too(self):
        f = torch.tensor([[[0.2], [0.5], [0.51], [0.9]]], requires_grad=True)
        expected = [0.0, 0.0, 0.51, 0.9]
        for mode in (self.layer.eval(), self.layer.train()):
            for ours, theirs in zip(mode.kept(f).flatten().tolist(), expected):
                self.assertAlmostEqual(ours, theirs, places=6)
        self.layer.kept(f).sum().backward()
        self.assertEqual(f.grad.flatten().tolist(), [1, 1, 1, 1])


class SparseModularAttention(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(8)
        self.layer = seqboat.SparseModularAttention(8, key_size=4, window=3).double().eval()

    def test_every_token_active_is_a_dense_local_window(self):
        seen = self.layer.visible(torch.ones(1, 8).double())[0]
        for i in range(8):
            self.assertEqual(seen[i].nonzero().flatten().tolist(), list(range(max(0, i - 2), i + 1)))

    def test_the_window_counts_active_tokens_only(self):
        active = torch.tensor([[1, 0, 1, 0, 0, 1, 1, 0]]).double()
        seen = self.layer.visible(active)[0]
        self.assertEqual(seen[6].nonzero().flatten().tolist(), [2, 5, 6])
        self.assertEqual(seen[7].nonzero().flatten().tolist(), [7])

    def test_training_computes_what_the_exported_form_does(self):
        x = torch.randn(2, 9, 8).double()
        self.layer.selector.weight.data.normal_(std=3)
        with torch.no_grad():
            expected = self.layer.eval()(x)
            self.assertLess((self.layer.train()(x) - expected).abs().max().item(), 1e-5)

    def test_the_selector_learns_what_a_key_is_worth_to_others(self):
        x = torch.randn(1, 5, 8).double()
        scores = torch.zeros(1, 5, 2).double().requires_grad_()
        # every token just active; only the last output is asked for
        self.layer.selector.forward = lambda m: scores + torch.tensor([0.0, 0.1]).double()
        self.layer.train()(x)[:, -1].sum().backward()
        moved = scores.grad[0, :, 1].abs() > 1e-9
        self.assertEqual(moved.tolist(), [False, False, True, True, True])

    def test_an_inactive_token_gets_nothing_from_attention(self):
        self.layer.selector.bias.data = torch.tensor([100.0, 0.0]).double()
        x = torch.randn(1, 6, 8).double()
        with torch.no_grad():
            before = self.layer(x)
            torch.nn.init.normal_(self.layer.out_proj.weight, std=50)
            self.assertTrue(torch.equal(self.layer(x), before))

    def test_the_moving_average_is_its_recurrence(self):
        average = seqboat.MovingAverage(3, averages=2, reach=64).double()
        x = torch.randn(1, 10, 3).double()
        with torch.no_grad():
            p = torch.sigmoid(average.delta)
            q = 1 - p * torch.sigmoid(average.alpha)
            h, rows = torch.zeros(3, 2).double(), []
            for t in range(10):
                h = q * h + p * average.write * x[0, t].unsqueeze(-1)
                rows.append((average.read * h).sum(-1) / math.sqrt(2) + average.skip * x[0, t])
            self.assertLess((average(x)[0] - torch.stack(rows)).abs().max().item(), 1e-12)


if __name__ == '__main__':
    unittest.main()

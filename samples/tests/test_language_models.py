import unittest

import torch

from tests import support
from common.text import held_out_windows
from common.text_sample import set_momentum

standard = support.load('momentum-standard')
yuriiformer = support.load('momentum-yuriiformer')
sympformer = support.load('momentum-sympformer')


class Causality(unittest.TestCase):
    def test_a_later_character_and_a_longer_text_change_no_earlier_output(self):
        torch.set_num_threads(1)
        for build in (standard.Model, lambda: standard.Model(second_table=True), yuriiformer.Model, sympformer.Model):
            torch.manual_seed(2)
            model = build().double().eval()
            for parameter in model.parameters():
                torch.nn.init.normal_(parameter, std=0.3)
            ids = torch.randint(0, 70, (2, 24))
            other = ids.clone()
            other[:, 15:] = torch.randint(0, 70, (2, 9))
            with torch.no_grad():
                whole = model(ids)
                self.assertTrue(torch.equal(whole[:, :15], model(other)[:, :15]))
                self.assertLess((whole[:, :15] - model(ids[:, :15])).abs().max().item(), 1e-9)


class YuriiFormer(unittest.TestCase):
    def test_without_momentum_and_its_norm_it_is_the_standard_block(self):
        torch.manual_seed(4)
        ours, theirs = yuriiformer.Block(12, 2).double(), standard.Block(12, 2).double()
        ours.load_state_dict(theirs.state_dict(), strict=False)
        ours.velocity_norm = torch.nn.Identity()
        for step in (ours.mixer_step, ours.mlp_step):
            step.mu_logit.data.fill_(float('-inf'))
            step.beta_logit.data.fill_(float('-inf'))
        x, v = torch.randn(2, 7, 12).double(), torch.randn(2, 7, 12).double()
        with torch.no_grad():
            self.assertLess((ours(x, v)[0] - theirs(x)).abs().max().item(), 1e-12)

    def test_the_coefficients_start_where_the_paper_starts_them(self):
        step = yuriiformer.NesterovStep()
        x, v = torch.zeros(3), torch.ones(3)
        self.assertLess((step.look_ahead(x, v) - 0.9).abs().max().item(), 1e-6)
        self.assertLess((step.accelerate(v, 2 * v) - 2.9).abs().max().item(), 1e-6)

    def test_momentum_zero_is_zero_velocity(self):
        model = yuriiformer.Model().eval()
        ids = torch.randint(0, 70, (1, 9))
        block = model.layers[0]
        x, v = torch.randn(1, 9, 48), torch.randn(1, 9, 48)
        with torch.no_grad():
            expected = block(x, 0 * v)[0]
            self.assertTrue(set_momentum(model, 0.0))
            self.assertTrue(torch.equal(block(x, v)[0], expected))
            self.assertEqual(model(ids).shape, (1, 9, 70))
        self.assertFalse(set_momentum(standard.Model(), 0.0))


class SympFormer(unittest.TestCase):
    def test_equals_a_loop_over_tokens(self):
        torch.manual_seed(6)
        layer = sympformer.HamiltonianAttention(8, heads=2, depth=2).double()
        torch.nn.init.normal_(layer.mobility.weight)
        x, p = torch.randn(1, 6, 8).double(), torch.randn(1, 6, 8).double()
        with torch.no_grad():
            q, k, v = (project(x)[0] for project in (layer.q_proj, layer.k_proj, layer.v_proj))
            B = layer.mobility.weight
            E = torch.zeros(6, 6).double()
            for i in range(6):
                for j in range(i + 1):
                    by_head = [q[i, h : h + 4] @ k[j, h : h + 4] / 2.0 for h in (0, 4)]
                    E[i, j] = (sum(by_head) / 2).exp()
            z = torch.stack([E[i, : i + 1].sum() / (i + 1) for i in range(6)])
            s = torch.stack([(B @ p[0, i]) @ p[0, i] / (z[i] ** 2 + 1e-6) for i in range(6)])
            force = [
                sum(E[i, j] * (s[i] + s[j] + 2) * v[j] for j in range(i + 1)) / (2 * (i + 1)) for i in range(6)
            ]
            force = layer.out_proj(torch.stack(force))
            sigma = (1 + 1 / 2) ** -3.0  # c_log 3, h 1, depth 2
            momenta = layer.momentum_norm(sigma * (p[0] + force))
            moved = torch.stack([B @ momenta[i] / z[i] for i in range(6)])
            step, after = layer(x, p)
        self.assertLess((after[0] - momenta).abs().max().item(), 1e-6)
        self.assertLess((step[0] - moved).abs().max().item(), 1e-5)


class Text(unittest.TestCase):
    def test_held_out_windows_come_from_the_end_of_the_book(self):
        inputs, targets = held_out_windows(500, 64)
        self.assertTrue((inputs[:, 1:] == targets[:, :-1]).all())
        self.assertEqual(inputs.shape, (500, 64))


if __name__ == '__main__':
    unittest.main()

import unittest

import numpy as np
import torch

from tests import support

mimo = support.load('mimoformer')


def reference(q, k, v, a, P, shared=False):
    """The layer from the paper, one head: q, k, v [M, N, L, D], a [M, N, D], P [R, D]."""
    M, N, _, D = q.shape

    def phi(x):
        return np.maximum((x * D**-0.25) @ P.T, 0) + 1e-3

    c = np.sqrt(np.sqrt(D) * M * N)
    A = a[:, :, None, :]
    Q, K, V = (q / c * A).sum(0), (k / c * A).sum(1), (v * A).sum(1)
    S = np.einsum('mlr,mld->rd', phi(K), V)
    answer = np.einsum('nlr,rd->nld', phi(Q), S)
    if shared:
        return answer / np.einsum('nlr,r->nl', phi(Q), phi(K).sum((0, 1)))[..., None]
    return A * answer[None] / np.einsum('nlr,mr->mnl', phi(Q), phi(K).sum(1))[..., None]


def performer(q, k, v, P, c):
    """Ordinary linear attention with the same features: q, k, v [L, D]."""
    phi = lambda x: np.maximum((x / c * x.shape[-1] ** -0.25) @ P.T, 0) + 1e-3
    weights = phi(q) @ phi(k).T
    return weights @ v / weights.sum(1, keepdims=True)


class SuperposedAttention(unittest.TestCase):
    L, D, R = 5, 8, 12

    def layer(self, grid, shared=False):
        torch.manual_seed(3)
        layer = mimo.SuperposedAttention(6, 1, self.D, self.R, grid, shared).double()
        layer.out_proj = torch.nn.Identity()
        return layer

    def draw(self, grid, seed=1):
        return np.random.default_rng(seed).normal(size=(3, *grid, self.L, self.D))

    def ours(self, layer, grid, q, k, v):
        M, N = grid
        c = np.sqrt(np.sqrt(self.D) * M * N)
        a = layer.keys[:M, :N].unsqueeze(2).unsqueeze(2)
        as_heads = lambda x: torch.from_numpy(x)[None, :, :, None]  # (1, M, N, 1, L, D)
        with torch.no_grad():
            return layer.attend(as_heads(q) / c, as_heads(k) / c, as_heads(v), a)[0].numpy()

    def test_equals_the_reference_on_every_grid(self):
        for grid in ((1, 1), (2, 2), (2, 3), (4, 4)):
            layer = self.layer((4, 4))
            q, k, v = self.draw(grid)
            a = layer.keys[: grid[0], : grid[1]].numpy()
            expected = reference(q, k, v, a, layer.features.P.numpy())
            self.assertLess(np.abs(self.ours(layer, grid, q, k, v) - expected).max(), 1e-10)

    def test_shared_denominator_equals_the_reference(self):
        layer = self.layer((2, 2), shared=True)
        q, k, v = self.draw((2, 2))
        expected = reference(q, k, v, layer.keys.numpy(), layer.features.P.numpy(), shared=True)
        self.assertLess(np.abs(self.ours(layer, (2, 2), q, k, v) - expected).max(), 1e-10)

    def test_one_cell_is_a_performer_whose_projection_is_turned_by_the_key(self):
        layer = self.layer((4, 4))
        q, k, v = self.draw((1, 1))
        P, a = layer.features.P.numpy(), layer.keys[0, 0].numpy()
        expected = performer(q[0, 0], k[0, 0], v[0, 0], P * a, np.sqrt(np.sqrt(self.D)))
        ours = self.ours(layer, (1, 1), q, k, v)[0, 0]
        self.assertLess(np.abs(ours - expected).max(), 1e-10)
        self.assertGreater(np.abs(ours - performer(q[0, 0], k[0, 0], v[0, 0], P, np.sqrt(np.sqrt(self.D)))).max(), 1e-3)

    def test_a_single_live_cell_is_alone_on_any_grid(self):
        layer = self.layer((4, 4))
        inputs = self.draw((4, 4))
        alone = np.zeros_like(inputs)
        alone[:, 2, 1] = inputs[:, 2, 1]
        P, a = layer.features.P.numpy(), layer.keys[2, 1].numpy()
        expected = performer(*(x[2, 1] for x in inputs), P * a, np.sqrt(np.sqrt(self.D) * 16))
        self.assertLess(np.abs(self.ours(layer, (4, 4), *alone)[2, 1] - expected).max(), 1e-10)

    def test_rows_with_their_keys_can_change_places(self):
        layer, order = self.layer((4, 4)), [2, 0, 3, 1]
        inputs = self.draw((4, 4))
        before = self.ours(layer, (4, 4), *inputs)
        layer.keys = layer.keys[order]
        after = self.ours(layer, (4, 4), *(x[order] for x in inputs))
        self.assertLess(np.abs(after - before[order]).max(), 1e-10)

    def test_binding_twice_gives_back_every_bit(self):
        keys, x = mimo.random_keys(2, 2, 16), torch.randn(2, 2, 16)
        self.assertTrue(torch.equal(keys * (keys * x), x))


class Task(unittest.TestCase):
    def test_the_class_is_the_value_that_stands_with_the_key_that_is_asked_for(self):
        task = support.load('mimoformer', 'task.py')
        tokens, classes = task.question_batch(np.random.default_rng(0), (300,))
        for row, answer in zip(tokens, classes):
            shown = {token // 8: token % 8 for token in row[1:]}
            self.assertEqual(shown[row[0] - 32], answer)
            self.assertEqual(len({(token // 8, token % 8) for token in row[1:]}), len(shown))
        self.assertEqual(len(set(classes)), 8)


class Model(unittest.TestCase):
    def test_the_grid_is_the_shape_of_the_input(self):
        torch.manual_seed(5)
        for block, grids in ((mimo.AttentionBlock, ((1, 1), (2, 2), (4, 4))), (mimo.WholeBlock, ((2, 2),))):
            model = mimo.Model(block).eval()
            for M, N in grids:
                self.assertEqual(model(torch.randint(0, 36, (3, M, N, 10))).shape, (3, M, N, 8))


if __name__ == '__main__':
    unittest.main()

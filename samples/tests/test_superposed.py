import math
import sys
import unittest

import numpy as np
import torch

from tests import support
from common.safetensors import read_safetensors

FOLDER = support.SAMPLES / 'superposed-and'
sys.path.insert(0, str(FOLDER))
construction = support.load('superposed-and', 'construction.py')
model = support.load('superposed-and')


def layer(x, W):
    return np.maximum(x @ W.T - 1, 0)


class Construction(unittest.TestCase):
    def test_without_shared_neurons_and_with_an_exact_inverse_there_are_no_errors(self):
        rng = np.random.default_rng(0)
        wiring = construction.Wiring(64, 40, 400, rng, channel=6)
        wiring.channels = np.arange(240).reshape(40, 6)  # disjoint
        R = wiring.R().astype(float)
        y = (rng.random((500, 64)) < 0.1).astype(float)
        said = wiring.read(layer(y, R)) > 0.5
        self.assertTrue(np.array_equal(said, wiring.truth(y) == 1))
        self.assertGreater(wiring.truth(y).sum(), 100)

    def test_with_an_orthogonal_code_the_result_is_that_of_the_uncompressed_features(self):
        # n >= m: C has orthogonal columns, D = C^T is its inverse, only collisions of channels are left
        rng = np.random.default_rng(1)
        wiring = construction.Wiring(64, 64, 128, rng)
        C = np.linalg.qr(rng.normal(size=(128, 64)))[0]
        W = wiring.R().astype(float) @ C.T
        y = (rng.random((300, 64)) < 0.05).astype(float)
        self.assertLess(np.abs(layer(y @ C.T, W) - layer(y, wiring.R().astype(float))).max(), 1e-9)

    def test_an_active_pair_drives_its_whole_channel(self):
        wiring = construction.Wiring(256, 256, 256, np.random.default_rng(2))
        y = np.zeros((1, 256))
        y[0, wiring.pairs[9]] = 1
        self.assertTrue((layer(y, wiring.R().astype(float))[0, wiring.channels[9]] == 1).all())

    def test_noise_is_as_large_as_the_theory_says(self):
        # std of W x - R y is sqrt(load v / n)
        for features, neurons in ((256, 192), (1024, 512)):
            built = construction.Construction(features, neurons, seed=4)
            counts, scales = built.counts()
            y = construction.random_features(built, 400, 3, np.random.default_rng(5))
            R = built.first.R().astype(float)
            error = built.compress(y) @ (counts[0].T * scales[0]) - y @ R.T
            predicted = math.sqrt(R.sum(1).mean() * 3 / neurons)
            self.assertAlmostEqual(error.std() / predicted, 1, delta=0.03)

    def test_the_network_is_the_product_of_its_factors(self):
        built = construction.Construction(64, 48, seed=6)
        counts, scales = built.counts()
        C = built.signs / math.sqrt(48)
        self.assertLess(np.abs(counts[0] * scales[0] - built.first.R() @ C.T).max(), 1e-12)
        D = built.first.members() / built.first.channels.shape[1]
        self.assertLess(np.abs(counts[1] * scales[1] - built.second.R() @ D).max(), 1e-12)
        self.assertEqual(counts[0].shape, (48, 48))

    def test_both_layers_find_a_deep_output(self):
        built = construction.Construction(1024, 1024, seed=8)
        network = model.Model(*built.counts()).eval()
        y = construction.deep_features(built, 50, np.random.default_rng(9))
        truth = built.second.truth(built.first.truth(y))
        with torch.no_grad():
            _, h = network(torch.from_numpy(built.compress(y)))
        said = built.second.read(h.numpy()) > 0.5
        self.assertGreaterEqual(truth.sum(), 50)
        self.assertGreater((said == truth).all(1).mean(), 0.9)


class Sidecar(unittest.TestCase):
    def test_holds_the_code_that_the_exported_matrix_was_made_of(self):
        arrays, metadata = read_safetensors(FOLDER / 'code-small.safetensors')
        built = construction.Construction(1024, 768, seed=7)
        self.assertTrue(np.array_equal(np.unpackbits(arrays['C.signs'], axis=1), built.signs > 0))
        self.assertTrue(np.array_equal(arrays['layers.1.pairs'], built.second.pairs))
        self.assertTrue(np.array_equal(arrays['layers.0.channels'], built.first.channels))
        self.assertIn('compression', metadata['C'])


if __name__ == '__main__':
    unittest.main()

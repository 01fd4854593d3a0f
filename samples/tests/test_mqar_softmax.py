import math
import unittest

import numpy as np
import onnx
import torch

from tests import support
from common.exporting import portable_doc, portable_path
from common.records import run_and_record

softmax = support.load('mqar-softmax')


class SoftmaxAttention(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(3)
        torch.set_num_threads(1)

    def test_equals_a_loop_over_queries_and_heads(self):
        layer = softmax.SoftmaxAttention(16, heads=2).eval()
        x = torch.randn(1, 9, 16)
        with torch.no_grad():
            mixed = x + layer.short_conv(x)
            q, k, v = (layer.split(p(mixed))[0] for p in (layer.q_proj, layer.k_proj, layer.v_proj))
            rows = []
            for t in range(9):
                heads = []
                for h in range(2):
                    score = torch.stack([q[h, t] @ k[h, j] for j in range(t + 1)]) / math.sqrt(8)
                    weight = score.exp() / score.exp().sum()
                    heads.append(sum(weight[j] * v[h, j] for j in range(t + 1)))
                rows.append(torch.cat(heads))
            expected = layer.out_proj(torch.stack(rows))[None]
            self.assertLess((layer(x) - expected).abs().max().item(), 1e-5)

    def test_a_later_token_changes_no_earlier_output(self):
        model = softmax.Model().eval()
        ids = torch.randint(1, 256, (2, 20))
        other = ids.clone()
        other[:, 12:] = torch.randint(1, 256, (2, 8))
        with torch.no_grad():
            self.assertTrue(torch.equal(model(ids)[:, :12], model(other)[:, :12]))
            self.assertLess((model(ids)[:, :12] - model(ids[:, :12])).abs().max().item(), 1e-4)

    def test_recording_returns_the_weights_of_each_layer(self):
        _, weights = run_and_record(softmax.Model().eval(), np.arange(1, 11))
        self.assertEqual([w.shape for w in weights], [(1, 2, 10, 10)] * 2)
        self.assertLess(np.abs(weights[0].sum(-1) - 1).max(), 1e-5)


class PortableSource(unittest.TestCase):
    def test_paths_name_no_machine(self):
        self.assertEqual(portable_path(support.SAMPLES / 'common' / '..' / 'a' / 'model.py'), 'samples/a/model.py')
        self.assertEqual(portable_path('/usr/lib/python3/dist-packages/torch/nn/modules/linear.py'), 'site-packages/torch/nn/modules/linear.py')
        self.assertEqual(portable_path('/home/someone/x/run.py'), 'run.py')

    def test_format_of_the_exporter_stays(self):
        path = support.SAMPLES / 'a' / 'model.py'
        self.assertEqual(portable_doc(f'{path}(33): forward'), 'samples/a/model.py(33): forward')
        self.assertEqual(portable_doc(f'  File "{path}", line 7'), '  File "samples/a/model.py", line 7')

    def test_the_frames_of_the_exporter_are_left_out(self):
        path = support.SAMPLES / 'a' / 'model.py'
        trace = '/usr/lib/python3/dist-packages/torch/jit/_trace.py(118): wrapper'
        self.assertEqual(portable_doc(f'{path}(33): forward\n{trace}\n{path}(9): main'), 'samples/a/model.py(33): forward')

    def test_the_exported_lines_are_lines_of_the_model(self):
        source = (support.SAMPLES / 'mqar-softmax' / 'model.py').read_text().splitlines()
        proto = onnx.load(str(support.SAMPLES / 'mqar-softmax' / 'model.onnx'))
        softmaxes = [node for node in proto.graph.node if node.op_type == 'Softmax']
        self.assertEqual(len(softmaxes), 2)
        for node in softmaxes:
            first = node.doc_string.splitlines()[0]
            line = int(first.split('(')[1].split(')')[0])
            self.assertTrue(first.startswith('samples/mqar-softmax/model.py('))
            self.assertIn('torch.softmax', source[line - 1])


if __name__ == '__main__':
    unittest.main()

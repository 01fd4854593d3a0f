"""Write the model files, a prompt on the largest grid, and the stored test set, from the weights that `train.py` left."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
import torch

from common.exporting import export
from common.records import significant, update_json
from model import Model
from task import question_batch
from train import BLOCKS, GRIDS

FILES = {'att': 'model.onnx', 'att+mlp': 'model-mlp.onnx'}
AXES = {
    'input_ids': {0: 'batch', 1: 'rows', 2: 'columns', 3: 'length'},
    'logits': {0: 'batch', 1: 'rows', 2: 'columns'},
}
TEST_SEQUENCES = 512


def trained(name):
    model = Model(BLOCKS[name])
    model.load_state_dict(torch.load(HERE / f'weights-{name}.pt'))
    return model.eval()


def scores(model, tokens):
    with torch.no_grad():
        return model(torch.from_numpy(tokens)).numpy()


def answers(model, name, tokens, classes, prompt):
    """The scores of the prompt's corner for each grid, and the accuracy on the stored sequences laid out as that grid."""
    rows = []
    for M, N in GRIDS[name]:
        said = scores(model, tokens.reshape(-1, M, N, tokens.shape[-1])).argmax(-1).reshape(-1)
        corner = np.ascontiguousarray(prompt[:, :M, :N])
        rows.append({
            'grid': [M, N],
            'accuracy': float((said == classes).mean()),
            'promptScores': significant(scores(model, corner)[0].reshape(M * N, -1)),
        })
    return rows


def main():
    rng = np.random.default_rng(5)
    tokens, classes = question_batch(rng, (TEST_SEQUENCES,))
    np.savez_compressed(HERE / 'test-set.npz', tokens=tokens.astype(np.int16), labels=classes.astype(np.int16))
    prompt, labels = question_batch(rng, (1, 4, 4))
    record = {
        'inputs': {'input_ids': {'dtype': 'int64', 'shape': list(prompt.shape), 'data': prompt.ravel().tolist()}},
        'labels': labels.ravel().tolist(),
        'note': 'Sixteen questions in a 4x4 grid. Labels are the values asked for, row by row; for a smaller grid take its corner.',
    }
    (HERE / 'prompt.json').write_text(json.dumps(record) + '\n')
    metrics = json.loads((HERE / 'metrics.json').read_text())
    found, stored = {}, {}
    for name, file in FILES.items():
        if name not in metrics:
            continue
        model = trained(name)
        stored[name] = {'file': 'test-set.npz', 'sequences': TEST_SEQUENCES, 'grids': answers(model, name, tokens, classes, prompt)}
        M, N = GRIDS[name][-1]
        export(model, torch.from_numpy(prompt[:, :M, :N].repeat(2, axis=0)), HERE / file, axes=AXES)
        found[file] = name
    update_json(HERE / 'metrics.json', models=found, variants=stored)


if __name__ == '__main__':
    main()

"""
Write the model files, a prompt, and the stored inputs that the figures can be checked with.

`prompt.json` and `model.onnx` are the small construction; the code of each model file is in its `.safetensors`.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
import torch

from build import SEED, SIZES, measured, model_of
from common.exporting import export
from common.records import significant, update_json
from construction import Construction, deep_features
from model import TrainedModel
from train import FEATURES, NEURONS, draw

BATCH = {0: 'batch'}
FILES = {'small': 'model.onnx', 'large': 'model-large.onnx', 'trained': 'model-trained.onnx'}


def on_features(y):
    """[N, m] of 0 and 1 to the indices of what is on [N, most], -1 where a row has fewer."""
    width = int(y.sum(1).max())
    rows = np.full((len(y), width), -1, np.int16)
    for row, features in zip(rows, y):
        found = np.flatnonzero(features)
        row[: len(found)] = found
    return rows


def write_prompt(construction, y):
    x = construction.compress(y)[0]
    layer = construction.first.truth(y)
    prompt = {
        'inputs': {'x': {'dtype': 'float32', 'shape': [1, len(x)], 'data': significant(x, 9)}},
        'note': f'Features {np.flatnonzero(y[0]).tolist()} are on, compressed to {len(x)} numbers. They make output '
        f'{np.flatnonzero(construction.second.truth(layer)[0]).tolist()} of the second layer true.',
    }
    (HERE / 'prompt.json').write_text(json.dumps(prompt) + '\n')


def export_built(name):
    construction = Construction(*SIZES[name], SEED)
    model = model_of(construction)
    y = deep_features(construction, 500, np.random.default_rng(SEED + 3))
    np.savez_compressed(HERE / f'test-set-{name}.npz', on=on_features(y))
    x = torch.from_numpy(construction.compress(y[:1]))
    # folded, the whole numbers of W would become float32, four times the size
    export(model, x, HERE / FILES[name], inputs=('x',), outputs=('h.0', 'h.1'), axes=BATCH, fold_constants=False)
    if name == 'small':
        write_prompt(construction, y[:1])
    with torch.no_grad():
        answers = {f'h.{i}': significant(h[0].numpy()) for i, h in enumerate(model(x))}
    return {'file': f'test-set-{name}.npz', 'prompt': answers, **measured(construction, model, y)}


def export_trained():
    construction = Construction(FEATURES, NEURONS, seed=3)
    model = TrainedModel(NEURONS, FEATURES)
    model.load_state_dict(torch.load(HERE / 'weights-trained.pt'))
    y = draw(construction, 500, np.random.default_rng(SEED + 3))
    np.savez_compressed(HERE / 'test-set-trained.npz', on=on_features(y))
    x = torch.from_numpy(construction.compress(y))
    export(model.eval(), x[:1], HERE / FILES['trained'], inputs=('x',), outputs=('h.0', 'scores'), axes=BATCH)
    with torch.no_grad():
        h, scores = model(x)
    truth = torch.from_numpy(construction.first.truth(y)) > 0
    return {
        'file': 'test-set-trained.npz',
        'inputs': len(y),
        'prompt': {'h.0': significant(h[0].numpy()), 'scores': significant(scores[0].numpy())},
        'layers': [{'exact': float(((scores > 0) == truth).all(1).float().mean())}],
    }


def main():
    answers = {name: export_built(name) for name in SIZES}
    answers['trained'] = export_trained()
    update_json(HERE / 'metrics.json', models={file: name for name, file in FILES.items()}, variants=answers)


if __name__ == '__main__':
    main()

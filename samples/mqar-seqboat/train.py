"""
Train on associative recall with the recipe that all `mqar-*` samples share, then a short second phase that prices activity.

SeqBoat has no such price. Without one a model this small keeps every token active: it loses nothing by that.
"""
import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
import torch

from common.evaluation import SEED, recall_report
from common.mqar import recall_batch
from common.recall_sample import SEEDS, STEPS, record_seed
from common.training import CURRICULUM, Schedule, train_recall
from model import Model

PRICE = 0.06
PRICED_STEPS = 400


class ActivityPrice:
    """
    What each token costs that is not clearly inactive: the margin of the selector's scores plus 1, where positive. The price
    rises from 0 to PRICE in the course of the phase, so that the model can move what it needs before it gets dear.
    """

    def __init__(self, model):
        self.margins, self.calls = {}, 0
        for layer in model.layers:
            mixer = layer.mixer
            mixer.selector.register_forward_hook(
                lambda selector, _inputs, u, mixer=mixer: self.margins.update({selector: (u[..., 1] - u[..., 0]) / mixer.log_temperature.exp()})
            )

    def __call__(self, _model):
        self.calls += 1
        return PRICE * self.calls / PRICED_STEPS * torch.stack([torch.relu(margin + 1).mean() for margin in self.margins.values()]).mean()


def activity_report(model, count=200, length=64, pairs=8):
    """The share of active tokens by layer: keys and values of the pairs, questions, and all others."""
    tokens, labels = recall_batch(np.random.default_rng([SEED + 4, length, pairs]), count, length, pairs)
    kind = np.where(labels >= 0, 2, 3)
    kind[:, 0 : 2 * pairs : 2], kind[:, 1 : 2 * pairs : 2] = 0, 1
    rows, handles = [], []

    def count_active(_selector, _inputs, scores):
        active = (scores[..., 1] > scores[..., 0]).numpy()
        shares = [round(float(active[kind == which].mean()), 4) for which in range(4)]
        rows.append({'layer': len(rows), 'active': round(float(active.mean()), 4)})
        rows[-1].update(zip(('keys', 'values', 'questions', 'others'), shares))

    for layer in model.layers:
        handles.append(layer.mixer.selector.register_forward_hook(count_active))
    with torch.no_grad():
        model(torch.from_numpy(tokens))
    for handle in handles:
        handle.remove()
    return {'length': length, 'pairs': pairs, 'examples': count, 'layers': rows}


def train(seed):
    torch.manual_seed(seed)
    model = Model()
    training = train_recall(model, seed, STEPS, lr=4e-3)
    before = {'accuracy': recall_report(model), 'activity': activity_report(model)}
    curriculum = Schedule(((1.0, CURRICULUM[-1][1]),))
    priced = train_recall(model, seed + 100, PRICED_STEPS, lr=3e-3, curriculum=curriculum, extra_loss=ActivityPrice(model))
    training = {**training, 'priced': {**priced, 'price': PRICE}}
    figures = {'activity': activity_report(model), 'withoutPrice': before}
    record_seed(HERE, model, 'Sparse modular attention (SeqBoat)', training, recall_report(model), **figures)


def main():
    parser = argparse.ArgumentParser(description='Train mqar-seqboat.')
    parser.add_argument('--seeds', type=int, nargs='+', default=SEEDS)
    for seed in parser.parse_args().seeds:
        train(seed)


if __name__ == '__main__':
    main()

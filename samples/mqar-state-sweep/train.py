"""
Accuracy against the size of the state: every kind of layer at three sizes, same data and steps. Figures only, no models.

Trained in stages, since a delta rule with small keys does not leave the plateau on the schedule of the other samples; a
stage that a state is too small for ends all the same.
"""
import argparse
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import torch

from common.evaluation import measured
from common.recall_sample import SEEDS, set_form
from common.records import parameter_count, update_json, versions
from common.training import Stages, train_recall
from model import KINDS

STEPS = 4000
TOKENS = 2048
PATIENCE = 1500
TASKS = ((64, 8), (64, 16), (128, 32))


def run(kind, size, seed):
    """One layer trained once."""
    build, _, lr = KINDS[kind]
    torch.manual_seed(seed)
    model = build(size)
    set_form(model, 'train')
    training = train_recall(model, seed, STEPS, lr, tokens_per_batch=TOKENS, curriculum=Stages(PATIENCE))
    return {
        'kind': kind,
        'size': size,
        'stateElements': model.state_elements,
        'parameters': parameter_count(model),
        'training': training,
        'accuracy': [measured(model, 500, length, pairs) for length, pairs in TASKS],
    }


def rows_so_far():
    path = HERE / 'metrics.json'
    return json.loads(path.read_text())['sweep'] if path.exists() else []


def identity(row):
    return row['kind'], row['size'], row['training']['seed']


def record(row):
    """Add one run to `metrics.json`, which another process may have written to meanwhile."""
    rows = sorted([*rows_so_far(), row], key=identity)
    print(*identity(row), flush=True)
    update_json(HERE / 'metrics.json', name=HERE.name, title='Accuracy against the size of the state', sweep=rows, versions=versions())


def main():
    parser = argparse.ArgumentParser(description='Train every kind of layer at three sizes of its state.')
    parser.add_argument('--seeds', type=int, nargs='+', default=SEEDS)
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=list(KINDS))
    options = parser.parse_args()
    for seed in options.seeds:
        # the middle sizes first, so that an interrupted sweep says something of every kind
        for place in (1, 2, 0):
            for kind in options.kinds:
                size = KINDS[kind][1][place]
                if (kind, size, seed) not in {identity(row) for row in rows_so_far()}:
                    record(run(kind, size, seed))


if __name__ == '__main__':
    main()

"""
Train NAtS-L, the fixed hybrid and the two pure models at equal width on MQAR up to L = 256 with random filler.

The paper puts no price on softmax attention. Without one the router of a model this small keeps nearly every chunk
exactly: nothing it loses by that. So a second, short phase adds the price of a cache to the loss, and both are reported.
"""
import argparse
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
import torch

from common.evaluation import SEED, by_distance, measured
from common.mqar import recall_batch
from common.recall_sample import SEEDS, set_form
from common.records import parameter_count, test_set, update_json, versions
from common.training import Schedule, train_recall
from model import SOFTMAX, STATE, Model

VARIANTS = {
    'routed': ('routed', 'routed'),
    'hybrid': ('state', 'softmax'),
    'softmax': ('softmax', 'softmax'),
    'state': ('state', 'state'),
}
STEPS = 800
PRICED_STEPS = 240
PRICE = 0.03
PAIRS = 16
CURRICULUM = (
    (0.12, ((16, 2),)),
    (0.25, ((16, 2), (32, 4))),
    (0.45, ((32, 4), (64, 8))),
    (0.65, ((64, 8), (128, 16))),
    (1.00, ((64, 16), (128, 16), (256, 16), (256, 32))),
)


def routing_report(model, count=200, length=256, pairs=PAIRS):
    """Which share of the chunks the router keeps exactly, by layer and head: chunks that hold pairs, and all others."""
    tokens, _ = recall_batch(np.random.default_rng([SEED + 3, length, pairs]), count, length, pairs)
    chunk = model.layers[0].mixer.chunk
    holding = 2 * pairs // chunk
    rows = []
    with torch.no_grad():
        x = model.embed(torch.from_numpy(tokens))
        for i, layer in enumerate(model.layers):
            m, _ = layer.mixer.route(layer.norm1(x))  # (B, N, H, 2)
            exact = 1 - m[..., STATE]
            for h in range(exact.size(2)):
                rows.append({
                    'layer': i,
                    'head': h,
                    'softmaxShare': round(float(exact[..., h].mean()), 4),
                    'ofChunksWithPairs': round(float(exact[:, :holding, h].mean()), 4),
                    'ofOtherChunks': round(float(exact[:, holding:, h].mean()), 4),
                })
            x = layer(x)
    return {'length': length, 'pairs': pairs, 'chunk': chunk, 'examples': count, 'heads': rows}


def report(model):
    """Accuracy by pairs, at the training lengths and at twice the longest, by distance, and where keys are written twice."""
    return {
        'main': measured(model, 2000, 256, PAIRS),
        'byPairs': [measured(model, 250, 256, pairs) for pairs in (8, 16, 32, 64)],
        'byLength': [measured(model, 100, length, PAIRS) for length in (128, 256, 512)],
        'byDistance': by_distance(model, 250, 256, PAIRS, edges=(0, 16, 32, 64, 128, 256)),
        'forgetting': [measured(model, 250, 256, PAIRS, updates) for updates in (8, 16)],
    }


class RouterPrice:
    """What each chunk costs that is not clearly left to the state: the margin `logit_0 - logit_1 + 1` where positive."""

    def __init__(self, model):
        self.logits = {}
        for layer in model.layers:
            layer.mixer.router.register_forward_hook(lambda router, _inputs, output: self.logits.update({router: output[0]}))

    def __call__(self, _model):
        margins = [logits[..., SOFTMAX] - logits[..., STATE] + 1 for logits in self.logits.values()]
        return PRICE * torch.stack([torch.relu(margin).mean() for margin in margins]).mean()


def priced(model, seed, run):
    """Go on training `model` with the price; returns the new run, with what `run` found before under `withoutPrice`."""
    curriculum = Schedule(((1.0, CURRICULUM[-1][1][1:]),))
    training = train_recall(
        model, seed + 100, PRICED_STEPS, lr=2e-3, tokens_per_batch=1024, curriculum=curriculum, extra_loss=RouterPrice(model)
    )
    return {
        'training': {**run['training'], 'priced': {**training, 'price': PRICE}},
        'accuracy': report(model),
        'routing': routing_report(model),
        'withoutPrice': {'accuracy': run['accuracy'], 'routing': run['routing']},
    }


def train_variant(name, seed):
    torch.manual_seed(seed)
    model = Model(VARIANTS[name])
    set_form(model, 'train')
    training = train_recall(model, seed, STEPS, lr=4e-3, tokens_per_batch=1024, curriculum=Schedule(CURRICULUM))
    run = {'training': training, 'accuracy': report(model)}
    if name == 'routed':
        run = priced(model, seed, {**run, 'routing': routing_report(model)})
    record(name, model, run)


def record(name, model, run):
    """Add one run to `metrics.json`, and keep the weights of the first seed."""
    path = HERE / 'metrics.json'
    variants = json.loads(path.read_text()).get('variants', {}) if path.exists() else {}
    entry = variants.setdefault(name, {})
    seeds = [other for other in entry.get('seeds', []) if other['training']['seed'] != run['training']['seed']]
    entry['seeds'] = sorted([*seeds, run], key=lambda other: other['training']['seed'])
    if run['training']['seed'] == SEEDS[0]:
        torch.save(model.state_dict(), HERE / f'weights-{name}.pt')
        entry.update(
            operations=VARIANTS[name],
            parameters=parameter_count(model),
            exportedSeed=run['training']['seed'],
            testSet=test_set(HERE, model),
            **run,
        )
    update_json(path, name=HERE.name, title='NAtS-L: softmax or state, chosen for each chunk', variants=variants, versions=versions())


def main():
    parser = argparse.ArgumentParser(description='Train NAtS-L and what it is compared with.')
    parser.add_argument('--seeds', type=int, nargs='+', default=SEEDS)
    parser.add_argument('--variants', nargs='+', choices=VARIANTS, default=list(VARIANTS))
    options = parser.parse_args()
    for seed in options.seeds:
        for name in options.variants:
            train_variant(name, seed)


if __name__ == '__main__':
    main()

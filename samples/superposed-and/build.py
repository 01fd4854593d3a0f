"""Build the two networks, write each one's code as a sidecar, and measure how often every output is right."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
import torch

from common.records import update_json, versions
from common.safetensors import write_safetensors
from construction import Construction, deep_features, random_features
from model import Model

SEED = 7
SIZES = {'small': (1024, 768), 'large': (4096, 1536)}
DOCUMENTATION = {
    'C': 'compression [n, m] of +1 and -1 over sqrt(n); C.signs [n, m / 8] has a bit for each, highest first, 1 for +1',
    'D': 'decompression of layer 0 is the transpose of C; of layer 1, D[p, i] = 1 / c where neuron i is in channel p of layer 0',
    'R': 'R[i, f] = 1 where neuron i is in the channel of a pair that contains f, else 0, [n, m]',
    'W': 'W = R D for each layer; layer 1 reads clamp(2 h - 1/2, 0, 1) less its mean over the neurons',
}


def model_of(construction):
    return Model(*construction.counts()).eval()


def measured(construction, model, y):
    """Rates over inputs y [N, m]: all outputs of a layer right, and wrong ones per input, for both layers."""
    with torch.no_grad():
        hidden = [h.numpy() for h in model(torch.from_numpy(construction.compress(y)))]
    truths = [construction.first.truth(y)]
    truths.append(construction.second.truth(truths[0]))
    layers = []
    for wiring, h, truth in zip((construction.first, construction.second), hidden, truths):
        said = wiring.read(h) > 0.5
        layers.append({
            'exact': round(float((said == truth).all(1).mean()), 5),
            'falsePositivesPerInput': round(float((said & (truth == 0)).sum(1).mean()), 5),
            'falseNegativesPerInput': round(float((~said & (truth == 1)).sum(1).mean()), 5),
            'trueOutputsPerInput': round(float(truth.sum(1).mean()), 5),
        })
    return {'inputs': len(y), 'featuresOn': round(float(y.sum(1).mean()), 3), 'layers': layers}


def noise(construction, count=300, on=3):
    """Standard deviation of `W x - R y` in layer 0, with the prediction sqrt(load * on) / sqrt(n)."""
    y = random_features(construction, count, on, np.random.default_rng(SEED + 1))
    counts, scales = construction.counts()
    R = construction.first.R().astype(np.float32)
    error = construction.compress(y) @ counts[0].T.astype(np.float32) * scales[0] - y @ R.T
    load = R.sum(1).mean()
    return {'measured': round(float(error.std()), 4), 'predicted': round(float(np.sqrt(load * on / len(R))), 4)}


def build(name):
    features, neurons = SIZES[name]
    construction = Construction(features, neurons, SEED)
    model = model_of(construction)
    rng = np.random.default_rng(SEED + 2)
    write_safetensors(
        HERE / f'code-{name}.safetensors',
        {
            'C.signs': np.packbits(construction.signs > 0, axis=1),
            **{
                f'layers.{i}.{key}': array
                for i, wiring in enumerate((construction.first, construction.second))
                for key, array in (('pairs', wiring.pairs), ('channels', wiring.channels))
            },
        },
        DOCUMENTATION,
    )
    return {
        'features': features,
        'neurons': neurons,
        'outputsPerLayer': len(construction.first.pairs),
        'channel': construction.first.channels.shape[1],
        'noise': noise(construction),
        'threeRandomFeatures': measured(construction, model, random_features(construction, 1000, 3, rng)),
        'oneDeepOutput': measured(construction, model, deep_features(construction, 1000, rng)),
    }


def main():
    variants = {}
    for name in SIZES:
        variants[name] = build(name)
        print(name, variants[name], flush=True)
    update_json(
        HERE / 'metrics.json', name=HERE.name, title='ANDs in superposition', built=variants, seed=SEED, versions=versions()
    )


if __name__ == '__main__':
    main()

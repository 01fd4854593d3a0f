"""
Write the model files, the prompt, and PyTorch's answer to it with every intermediate quantity and with other routes, from what
`train.py` left.

`metrics.json` names, under `tensors`, the graph value that holds each quantity, for every model file of the routed model.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
import onnx
import torch

from common.exporting import export
from common.mqar import recall_batch
from common.recall_sample import set_form
from common.records import answers_to_prompt, update_json, write_prompt, write_reference
from forced import forced_answers
from model import Model
from quantities import quantities, value_names
from train import VARIANTS

PROMPT_SEED = 64
FUSED = {'form': 'fused', 'custom_opsets': {'com.microsoft': 1}}
FILES = {
    'model.onnx': ('routed', FUSED),
    'model-loop.onnx': ('routed', {'form': 'loop'}),
    'model-hybrid.onnx': ('hybrid', FUSED),
}


def trained(variant):
    model = Model(VARIANTS[variant])
    model.load_state_dict(torch.load(HERE / f'weights-{variant}.pt'))
    return model.eval()


def main():
    metrics = json.loads((HERE / 'metrics.json').read_text())
    tokens, labels = recall_batch(np.random.default_rng(PROMPT_SEED), 1, length=256, pairs=16)
    write_prompt(HERE, tokens[0], labels[0], 'Sixteen pairs in the first two chunks of 16 tokens, then random tokens, with each key asked for once.')
    metrics.update(models={}, tensors={})
    for file, (variant, options) in FILES.items():
        if variant not in metrics['variants']:
            continue
        model = trained(variant)
        set_form(model, 'loop')
        with torch.no_grad():
            logits = model(torch.from_numpy(tokens)).numpy()
        metrics['variants'][variant]['prompt'] = answers_to_prompt(labels[0], logits)
        metrics['models'][file] = variant
        set_form(model, options.get('form', 'loop'))
        arguments = {key: value for key, value in options.items() if key != 'form'}
        export(model, torch.from_numpy(np.repeat(tokens, 2, axis=0)), HERE / file, **arguments)
        if variant == 'routed':
            metrics['tensors'][file] = value_names(onnx.load(str(HERE / file)), model)
    model = trained('routed')
    set_form(model, 'loop')
    # the logits where something is asked are in the metrics; all of them would be a quarter of the archive
    write_reference(HERE, None, quantities(model, tokens)[1])
    model = trained('routed')
    set_form(model, 'loop')
    np.savez_compressed(HERE / 'forced.npz', **forced_answers(model, tokens, labels))
    main_run = metrics['variants']['routed']
    update_json(HERE / 'metrics.json', **{**metrics, **{key: main_run[key] for key in ('parameters', 'prompt', 'testSet', 'accuracy', 'routing')}})


if __name__ == '__main__':
    main()

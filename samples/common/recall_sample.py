"""Trains and exports one recall model: what `train.py` and `export.py` of every `mqar-*` sample have in common."""
import argparse
import json
import sys

import numpy as np
import onnx
import torch

from common.evaluation import recall_report
from common.exporting import export
from common.graph_values import output_of
from common.mqar import recall_batch
from common.records import (
    answers_to_prompt, parameter_count, run_and_record, test_set, update_json, versions, write_prompt, write_reference,
)
from common.training import CURRICULUM, Schedule, train_recall

SEEDS = (1, 2, 3)
STEPS = 1000
PROMPT_SEED = 64


def set_form(model, form):
    """Choose how recurrent layers compute: 'train', 'loop' or 'fused'. Layers without a choice stay as they are."""
    for module in model.modules():
        if hasattr(module, 'form'):
            module.form = form


def train_sample(folder, build, title, lr=2e-3, steps=STEPS, curriculum=None, **report):
    """
    Train `build()` once for each seed, all on the same data, and write `metrics.json` after each.

    steps, curriculum: others than those of all only where a sample says why; a curriculum is made anew for each seed.
    The weights kept for the export, and the figures at the top level, are those of the first seed; `seeds` holds the
    figures of all. Further arguments go to `recall_report`.
    """
    parser = argparse.ArgumentParser(description=f'Train {folder.name}.')
    parser.add_argument('--seeds', type=int, nargs='+', default=SEEDS)
    for seed in parser.parse_args().seeds:
        torch.manual_seed(seed)
        model = build()
        set_form(model, 'train')
        asked = curriculum() if curriculum else Schedule(CURRICULUM)
        training = train_recall(model, seed, steps, lr, curriculum=asked, extra_loss=getattr(build, 'extra_loss', None))
        record_seed(folder, model, title, training, recall_report(model, **report))


def record_seed(folder, model, title, training, accuracy, **more):
    """Add one trained seed, with any further figures, to `metrics.json`, and keep the weights of the first."""
    path = folder / 'metrics.json'
    seeds = json.loads(path.read_text()).get('seeds', []) if path.exists() else []
    seeds = [run for run in seeds if run['training']['seed'] != training['seed']]
    run = {'training': training, 'accuracy': accuracy, **more}
    seeds = sorted([*seeds, run], key=lambda run: run['training']['seed'])
    update_json(path, name=folder.name, title=title, seeds=seeds)
    if training['seed'] != SEEDS[0]:
        return
    torch.save(model.state_dict(), folder / 'weights.pt')
    update_json(
        path,
        parameters=parameter_count(model),
        stateElements=getattr(model, 'state_elements', None),
        exportedSeed=training['seed'],
        versions=versions(),
        testSet=test_set(folder, model),
        **run,
    )


def trained(folder, build):
    """The model with the weights that training left."""
    model = build()
    model.load_state_dict(torch.load(folder / 'weights.pt'))
    return model.eval()


def export_sample(folder, build, files=None, modules=()):
    """
    Write the prompt, PyTorch's answer to it, and one `.onnx` for each entry of `files`.

    files:   file name to the arguments of `export`, with `form` beside them for layers that have a choice.
    modules: paths of modules whose output a view may want: it is in `reference.npz` under the path, and `tensors` in
             `metrics.json` names the graph value that holds it.
    """
    model = trained(folder, build)
    tokens, labels = recall_batch(np.random.default_rng(PROMPT_SEED), 1, length=64, pairs=8)
    note = 'Eight key-value pairs, then each key asked for once. Labels are the values to recall.'
    write_prompt(folder, tokens[0], labels[0], note)
    set_form(model, 'loop')
    seen = {path: watched(model.get_submodule(path)) for path in modules}
    logits, weights = run_and_record(model, tokens[0])
    states = {f'layers.{i}.state': S for i, S in enumerate(last_states(build, model, tokens))}
    outputs = {path: found[0] for path, found in seen.items()}
    write_reference(folder, logits, {**states, **outputs, **{f'layers.{i}.probabilities': w for i, w in enumerate(weights)}})
    example = torch.from_numpy(np.repeat(tokens, 2, axis=0))
    files = files or {'model.onnx': {}}
    # every file holds the same weights; a sample with variants names them here
    update_json(folder / 'metrics.json', prompt=answers_to_prompt(labels[0], logits), models=dict.fromkeys(files))
    tensors = {}
    for name, options in files.items():
        set_form(model, options.get('form', 'loop'))
        export(model, example, folder / name, states=tuple(states), **{key: value for key, value in options.items() if key != 'form'})
        proto = onnx.load(str(folder / name))
        tensors[name] = {**{state: state for state in states}, **{path: output_of(proto, path) for path in modules}}
    if states or modules:
        update_json(folder / 'metrics.json', tensors=tensors)


def watched(module):
    """A list that gets what the module returns, as an array, each time it runs."""
    outputs = []
    module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output.detach().numpy()))
    return outputs


def last_states(build, model, tokens):
    """The state [1, H, K, V] that each gated delta layer ends with on tokens [1, T]; empty where the model has none."""
    source = sys.modules[build.__module__]
    if not hasattr(source, 'recurrence'):
        return []
    states, original = [], source.recurrence

    def recording(*arguments):
        o, S = original(*arguments)
        states.append(S)
        return o, S

    source.recurrence = recording
    try:
        with torch.no_grad():
            model(torch.from_numpy(tokens))
    finally:
        source.recurrence = original
    return [S.numpy() for S in states]

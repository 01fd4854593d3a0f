"""Write `model.onnx`, `model-plain.onnx`, the prompt and PyTorch's answer to it, from the weights that `train.py` left."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
import torch

from common.exporting import export
from common.mqar import recall_batch
from common.records import run_and_record, write_prompt, write_reference
from model import Model

PROMPT_SEED = 64


def main():
    model = Model()
    model.load_state_dict(torch.load(HERE / 'weights.pt'))
    model.eval()

    tokens, labels = recall_batch(np.random.default_rng(PROMPT_SEED), 1, length=64, pairs=8)
    write_prompt(HERE, tokens[0], labels[0], 'Eight key-value pairs, then each key asked for once. Labels are the values to recall.')
    logits, weights = run_and_record(model, tokens[0])
    write_reference(HERE, tokens[0], labels[0], logits, {f'layers.{i}.probabilities': w for i, w in enumerate(weights)})

    example = torch.from_numpy(np.repeat(tokens, 2, axis=0))
    export(model, example, HERE / 'model.onnx')
    export(model, example, HERE / 'model-plain.onnx', file_lines=False)


if __name__ == '__main__':
    main()

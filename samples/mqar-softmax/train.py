"""Train the model on associative recall and write its figures to `metrics.json`."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import torch

from common.evaluation import recall_report
from common.records import parameter_count, update_json, versions, write_test_set
from common.training import train_recall
from model import Model

SEED = 1


def main():
    torch.manual_seed(SEED)
    model = Model()
    training = train_recall(model, SEED, steps=1000, lr=2e-3)
    torch.save(model.state_dict(), HERE / 'weights.pt')
    update_json(
        HERE / 'metrics.json',
        name=HERE.name,
        title='Softmax attention with a short convolution',
        parameters=parameter_count(model),
        training=training,
        accuracy=recall_report(model),
        versions=versions(),
    )
    write_test_set(HERE, model)


if __name__ == '__main__':
    main()

"""
Train on associative recall with the data that all `mqar-*` samples share, in stages and longer; figures go to `metrics.json`.

The first layer has to find the previous token by its position before the second has anything to match. On the schedule of the
others the questions get harder before it has, and the model stays at guessing among the values of the sequence.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common.recall_sample import STEPS, train_sample
from common.training import Stages
from model import Model

if __name__ == '__main__':
    train_sample(HERE, Model, 'Softmax attention with learned positions', steps=4 * STEPS, curriculum=Stages)

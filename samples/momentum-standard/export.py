"""Write `model.onnx`, the prompt and PyTorch's answer to it, from the weights that `train.py` left."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common.text_sample import export_sample
from model import WIDENED, Model

if __name__ == '__main__':
    export_sample(HERE, Model, {'model.onnx': (None, {}), 'model-widened.onnx': ('widened', WIDENED)})

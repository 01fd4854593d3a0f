"""Gated convolutions only: Zoology's BaseConv with a short filter, then one as long as the training sequences.

To fetch a value from a distance that depends on the input, a fixed filter has to spread all distances over its channels:
this is the model that associative recall was invented to catch.
"""
import torch.nn as nn

from common.base_conv import BaseConv
from common.layers import RecallModel, ResidualBlock


class Block(ResidualBlock):
    def __init__(self, d, kernel):
        super().__init__(d)
        self.mixer = BaseConv(d, kernel)


class Model(RecallModel):
    def __init__(self, vocab=256, d=64, kernels=(3, 128)):
        super().__init__(vocab, d)
        self.layers = nn.ModuleList([Block(d, kernel) for kernel in kernels])
        self.state_elements = d * sum(kernel - 1 for kernel in kernels)

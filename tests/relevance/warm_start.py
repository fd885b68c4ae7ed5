"""Imported once by the process that the killed ones are forked from: what a first capture imports takes seconds."""

import torch

from lrpgen.lrp import capture
from lrpgen.models import MotifCNN

capture(MotifCNN(2, 40, filters=4, dense=4), torch.zeros(1, 4, 40))

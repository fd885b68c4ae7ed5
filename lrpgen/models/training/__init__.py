"""Training: options in, weights out.

`options` (what one may choose), `tasks` (loss, score and checks of classes, labels and values), `loader` (batches from
the windows file under a memory budget), `augment` (other strand, shifts), `precision` (bf16, TF32), `checkpoint` (state
on disk after every epoch), `loop` (epochs, early stopping), `run` (the door).
"""

from .options import Training
from .run import train

__all__ = ["Training", "train"]

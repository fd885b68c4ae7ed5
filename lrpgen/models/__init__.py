"""Models: `zoo` (architectures by name), `store` (safetensors with a card), `training`, `ensemble` (several as one),
`predict` (windows files), `scan` (regions, sequences, genomes) with `tracks`, `metrics` with `intervals`, `baseline`.
"""

from .store import Card, load_model, read_card, save_model
from .zoo import ARCHITECTURES, MotifCNN

__all__ = ["ARCHITECTURES", "Card", "MotifCNN", "load_model", "read_card", "save_model"]

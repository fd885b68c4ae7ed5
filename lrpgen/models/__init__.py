"""Models: `zoo` (architectures by name), `store` (safetensors with a card, and the door to other formats), `formats`,
`adapt`, `convert` (other people's files), `training`, `ensemble` (several as one), `predict` (windows files), `scan`
(regions, sequences, genomes) with `tracks`, `metrics` with `intervals`, `baseline`.
"""

from .card import Card
from .store import load_model, read_card, save_model
from .zoo import ARCHITECTURES, MotifCNN

__all__ = ["ARCHITECTURES", "Card", "MotifCNN", "load_model", "read_card", "save_model"]

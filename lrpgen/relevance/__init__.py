"""Relevance on disk: `store` (HDF5), `run` (windows or tiles through the engine), `tracks` (along contigs)."""

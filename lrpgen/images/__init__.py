"""Images: the second path through the same engine.

Data: `sources` picks the reader (`idx`, `cifar`, `npz`, `digits`, `folder`, `masks`), which gives a `found.Found`;
`decode` reads one picture file; `transform` resizes, crops and normalises; `split` deals images out; `textures` pastes
digits on photographs; `prepare` does all of it, and `imagefile` is what it writes and everything else reads.

Networks: `nets` (by name), `weights` (files of torchvision and others), `train`.
"""

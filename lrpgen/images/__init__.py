"""Images: the second path through the same engine.

Data: `imagefile` (images on disk) and `transform` (resize, crop, normalise).
"""

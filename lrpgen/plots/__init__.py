"""Figures as files: `style` (looks, palettes, saving), `logos` and `pairs` (sequence logos, two aligned), `filters`, `quality`.

matplotlib loads when drawing.
"""

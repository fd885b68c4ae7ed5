"""Figures as files: `style` (looks, palettes, saving), `logos` and `pairs` (sequence logos, two aligned), `filters`, `quality`,
`evaluation` and `trade` (methods compared), `labels` (names beside points).

matplotlib loads when drawing.
"""

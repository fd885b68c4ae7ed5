"""Figures as files: `style` (looks, palettes, saving), `logos` and `pairs` (sequence logos, two aligned), `filters`, `quality`,
`evaluation` and `trade` (methods compared), `labels` (names beside points); for `lrpgen plot` also `gallery` (chosen logos),
`locus` (with `tracks`, `intervals` and `lanes`), `heatmap` (with `sites`).

matplotlib loads when drawing.
"""

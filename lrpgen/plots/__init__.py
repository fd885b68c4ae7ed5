"""Figures as files: `style` (looks, palettes, saving) and `logos` (sequence logos). matplotlib loads when drawing."""

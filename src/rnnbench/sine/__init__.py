"""The noisy sine: the series, its forecasters, and how good a forecast can be."""

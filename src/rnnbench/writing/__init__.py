"""Text from trained runs, by every decoder, and how good it is; how far back they see."""

"""The whole learning rate throughout."""


def share(position: float, num_epochs: int, epochs: float, factor: float) -> float:
    return 1.0

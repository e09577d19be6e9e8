"""A build with CUDA."""

cuda: str = '12.6'  # fmt: skip

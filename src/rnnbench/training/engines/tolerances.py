"""How far two computations of one training step may lie apart, by type of number."""

# Largest deviation allowed, relative to the largest entry of the tensor. In float64 only the order
# of sums differs. In float32 the largest seen over the torch.nn and scratch variants, hidden sizes
# 16, 64 and 256, were 1.0e-7 (loss), 1.5e-6 (gradient), 4.9e-7 (logits) and 2.1e-7 (followed). In
# bfloat16, on a CPU, the manual ones too: 1.9e-2, 7.3e-2 (rectified units; 1.8e-2 else), 7.5e-3 and
# 1.2e-2. The bounds of TF32 are not measured: its operands keep 3 bits more than bfloat16's.
TOLERANCES = {
    "float64": {"loss": 1e-9, "gradient": 1e-9, "logits": 1e-9, "followed": 1e-9},
    "float32": {"loss": 1e-6, "gradient": 1e-5, "logits": 5e-6, "followed": 2e-6},
    "tf32": {"loss": 1e-3, "gradient": 1e-2, "logits": 2e-3, "followed": 2e-3},
    "bfloat16": {"loss": 4e-2, "gradient": 1.5e-1, "logits": 2e-2, "followed": 3e-2},
}

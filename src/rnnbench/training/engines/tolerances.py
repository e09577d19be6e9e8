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

# Where rounding adds up, what is as far off as torch's own float32 is not wrong. A norm of N
# gradients is a sum of N squares. No order of it is off by more than N / 2 roundings, but these are
# 2 % of the 650,000 weights of a GRU of 16 units on 10,000 words and would let wrong norms pass;
# sqrt(N), as for roundings without a bias, is too little, because what is small beside a partial
# sum is lost to one side. Torch's own norm is off by 2e-5 there, and by 8e-5 for 4 million normal
# numbers.
OWN = 4  # times as far off as torch's own may another's be

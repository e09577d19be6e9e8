"""rnnbench: reproducible benchmarks of recurrent language models."""

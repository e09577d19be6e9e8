"""N-grams: counted, by block and shard, and as language models."""

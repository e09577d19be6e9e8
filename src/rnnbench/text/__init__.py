"""From a source to tokens, counts, Zipf exponents and n-gram models, and what is exactly known."""

"""Numbers: their types, their determinism, and the id of an arithmetic."""

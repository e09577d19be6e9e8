"""What jobs leave, hash by hash, and what binds results together."""

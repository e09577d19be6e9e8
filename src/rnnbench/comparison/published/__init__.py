"""Bundles as other machines published them, read back and held to be the same work."""

"""Questions that train or read models of their own; a file each, named after its rule."""

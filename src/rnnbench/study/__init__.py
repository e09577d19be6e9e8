"""A configuration becomes a checked study: grids of jobs, their sources, how long they take."""

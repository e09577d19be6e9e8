"""What every other wing stands on: files, tables on disk, parameters of jobs, names of plugins, and
which source files decide which results.
"""

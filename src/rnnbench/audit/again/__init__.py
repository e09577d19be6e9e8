"""A sample of the results made again, and how close it comes."""

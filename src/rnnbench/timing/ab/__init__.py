"""Two commits of the project, timed in turn in one sitting: which is faster, and by how much?"""

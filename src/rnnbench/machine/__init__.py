"""This machine: its name, what the system shows of it, how it is set, and what it draws."""

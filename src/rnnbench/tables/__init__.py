"""Records to tidy tables, and the rows that readers of tables share."""

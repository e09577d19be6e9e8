"""Who may train a run: the same update by faster code, and the check that it is the same."""

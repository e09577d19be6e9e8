"""Who may train a run and how it goes: the same update by faster code and the check that it is the
same, what moves the weights, and at which rate."""

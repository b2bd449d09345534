"""Work shared out over processes, of this machine or of many, by Ray (Moritz et al. 2018, arXiv 1712.05889)."""

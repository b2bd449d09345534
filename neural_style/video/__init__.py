"""Films, painted frame by frame so that they hold still."""

"""Many pictures made by one script."""

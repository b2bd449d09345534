"""How a loss is minimised over the pixels."""

"""Pictures in tiles: exact, in bounded memory."""

"""What a run leaves beside its pictures, and what it goes on from."""

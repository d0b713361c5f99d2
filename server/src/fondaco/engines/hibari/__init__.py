"""hibari: English speech by one small model, which comes with its package."""

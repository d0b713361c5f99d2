"""Chat: the use case from a validated request to a settled call; read pipeline.py first."""

"""The operator's endpoints: health, metrics and the API's description."""

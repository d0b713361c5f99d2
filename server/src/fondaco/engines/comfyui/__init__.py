"""Image and video models behind ComfyUI: workflows of the operator's, filled in with each request."""

"""Image and video models behind sd-server's own API of jobs, the server of stable-diffusion.cpp."""

"""Diffusion models of one's own weights: stable-diffusion.cpp in a supervised child process for each."""

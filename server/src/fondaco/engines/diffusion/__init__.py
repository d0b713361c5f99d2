"""The operator's diffusion models: stable-diffusion.cpp in a supervised child process for each."""

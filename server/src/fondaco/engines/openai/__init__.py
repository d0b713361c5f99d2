"""Engines that speak OpenAI's API: vLLM, llama-server, Ollama, hosted ones."""

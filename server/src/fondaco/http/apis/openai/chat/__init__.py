"""Chat completions: the request, its messages and options, and the responses to it."""

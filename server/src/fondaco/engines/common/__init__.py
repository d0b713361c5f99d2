"""Code shared by engines: dialects, chat templates, tools, log probabilities, vectors."""

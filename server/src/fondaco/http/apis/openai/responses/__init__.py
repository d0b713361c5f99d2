"""OpenAI's Responses API, stateless: items in, items out, as a body or a stream of typed events."""

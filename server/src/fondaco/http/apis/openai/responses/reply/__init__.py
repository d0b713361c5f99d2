"""Responses as they are sent: output items, the response object, and events of a stream."""

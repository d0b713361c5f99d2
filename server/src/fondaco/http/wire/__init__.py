"""The HTTP/1.1 front: connections, request heads, framing and deadlines."""

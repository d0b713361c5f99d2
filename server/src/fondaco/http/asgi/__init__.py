"""The ASGI front: exchanges over the servers and programs that speak ASGI 3."""

"""HTTP/1.1: connections, requests and streams of bytes; no API is known here."""

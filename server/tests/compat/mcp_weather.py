"""An MCP server on its stdin and stdout, with one tool; agents of the tests start it."""

from mcp.server import MCPServer

server = MCPServer("weather")


@server.tool()
def get_weather(city: str) -> str:
    """Return the current weather of a city."""
    return f"rain in {city}, 7 degrees"


if __name__ == "__main__":
    server.run("stdio")

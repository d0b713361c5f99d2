"""The embedded engine keeps the contract of all chat engines."""

from contracts.chat_engine import ChatEngineContract


class TestLlamaCpp(ChatEngineContract):
    pass

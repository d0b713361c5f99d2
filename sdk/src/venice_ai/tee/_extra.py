"""The extra that confidential chats need."""

HOW_TO_INSTALL = (
    "Install this package with its extra: pip install './sdk[e2ee]' in a checkout of Fondaco."
)

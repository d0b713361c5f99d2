"""The web: the one door to addresses that others name, what is made of pages, and searches."""

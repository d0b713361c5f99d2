"""Help of commands: examples first, then options by what they are for."""

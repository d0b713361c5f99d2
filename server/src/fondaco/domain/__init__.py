"""The words and rules of Fondaco: pure values, no I/O, no clock, no library."""

"""`fondaco chat`: conversations in the terminal, and single answers for programs."""

"""Commands that make images, speech, transcripts and videos, and the one that lists jobs."""

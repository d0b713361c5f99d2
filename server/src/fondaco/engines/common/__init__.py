"""What several engines share: dialects, chat templates, log probabilities."""

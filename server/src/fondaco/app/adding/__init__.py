"""Look-ups before something is added to the catalogue: hubs, chat templates, engines."""

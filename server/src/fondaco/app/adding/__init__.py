"""What commands ask before they add to the catalogue: hubs, chat templates, engines."""

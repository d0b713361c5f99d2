"""APIs: one folder for each dialect, with its endpoints, schemas and writers."""

"""Forms: what callers send to be compiled, schemas and templates, in children that are watched."""

"""Forms: schemas of callers, judged in children that are watched."""

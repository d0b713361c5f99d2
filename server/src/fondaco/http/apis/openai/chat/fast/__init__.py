"""Plain chat completions, without validation by schema and without a task."""

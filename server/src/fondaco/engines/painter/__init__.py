"""The built-in image model: paints scenes and subjects that a prompt names, stroke by stroke."""

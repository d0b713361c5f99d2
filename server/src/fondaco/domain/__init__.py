"""The domain: values and rules, without I/O, clock or third-party libraries."""

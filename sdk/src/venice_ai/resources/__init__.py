"""Resources, one file a part of the API; see `_resource.py` for how to write one."""

"""The use cases; read `call.py` first: the pipeline that every paid call goes through."""

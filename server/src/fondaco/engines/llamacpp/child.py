"""The child process: llama.cpp's server on loopback, which exits with its parent."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fondaco.processes import lock_memory
from fondaco.workers.server_child import begun

_PROMPT_BATCH_TOKENS = 32
_POOLING: Mapping[str, Callable[[Any], object]] = {
    "mean": lambda kinds: kinds.LLAMA_POOLING_TYPE_MEAN,
    "cls": lambda kinds: kinds.LLAMA_POOLING_TYPE_CLS,
    "last": lambda kinds: kinds.LLAMA_POOLING_TYPE_LAST,
    "file": lambda kinds: kinds.LLAMA_POOLING_TYPE_UNSPECIFIED,
}


def main() -> None:
    """Serve until the parent closes our standard input or dies."""
    report, launch = begun()
    try:
        server = _serve(launch)
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent reports it
        report.fail(error)
    if launch["out_of_swap"]:
        lock_memory(but=Path(launch["model"]))
    report.ready(server.listening_address)
    threading.Event().wait()


def parameters(launch: Mapping[str, Any]) -> Any:
    """Return llama.cpp's parameters for what the parent sent: `supervisor.launch_options`, and the key."""
    import xllamacpp  # noqa: PLC0415 - slow to import; the watch on the parent comes first

    params = xllamacpp.CommonParams()
    params.model.path = launch["model"]
    params.n_parallel = launch["slots"]
    params.n_ctx = launch["slots"] * launch["context_tokens"]
    params.kv_unified = False
    params.cpuparams.n_threads = launch["threads"]
    params.cpuparams_batch.n_threads = launch["threads"]
    params.n_gpu_layers = launch["gpu_layers"]
    # A prompt is processed in batches; only between batches does the engine notice a client disconnect and
    # serve other slots. On a CPU, small batches process a prompt as fast as large ones.
    params.n_batch = max(_PROMPT_BATCH_TOKENS, 2 * launch["slots"])
    params.n_ubatch = params.n_batch
    if launch["pooling"] is not None:
        params.embedding = True
        params.pooling_type = _POOLING[launch["pooling"]](xllamacpp.llama_pooling_type)
        # Attention is bidirectional, so a text has to fit into one batch.
        params.n_batch = params.n_ubatch = launch["context_tokens"]
    if launch["compact_cache"]:
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0
    _harden_server(params, launch["key"])
    return params


def _serve(launch: Mapping[str, Any]) -> Any:
    """Load the model and return the running server."""
    import xllamacpp  # noqa: PLC0415 - as above

    return xllamacpp.Server(parameters(launch))


def _harden_server(params: Any, key: str) -> None:
    """Require the key, share nothing between slots, print nothing."""
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.ui = False
    params.offline = True
    params.cors_origins = ""
    params.cache_ram_mib = 0
    params.cache_idle_slots = False
    params.slot_prompt_similarity = 0.0
    params.ctx_shift = False
    params.fit_params = False
    params.prefill_assistant = False
    params.warmup = False
    params.sse_ping_interval = -1
    params.endpoint_metrics = True  # the only source of a prompt's cached tokens
    params.verbosity = -1


if __name__ == "__main__":
    main()

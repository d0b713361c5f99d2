"""Sampling options of an sd-server, and whether it supports them."""

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError
from fondaco.engines.common.images.options import ImageOptions
from fondaco.engines.sdserver.capabilities import ServerAbilities, capabilities_of


class AbilityCheck:
    """Checks that an sd-server supports a request: it would ignore names that it does not know.

    The last answer is cached; a server that was restarted with another model is queried again.
    """

    def __init__(self, client: HttpClient, options: ImageOptions) -> None:
        """Prepare; no request is sent yet."""
        self._client = client
        self._options = options
        self._known: ServerAbilities | None = None

    async def expect(self, name: str) -> ServerAbilities:
        """Return what the server can do, if it has a model, and the sampler and scheduler of its row.

        Raises:
            EngineError: it lacks one of them, or does not answer.
        """
        able = self._known
        if able is None or name not in able.names:
            able = self._known = await capabilities_of(self._client)
        if name not in able.names:
            names = ", ".join(sorted(able.names))
            raise EngineError(f"The model's engine does not support {name!r}. It supports {names}.")
        for kind, one, known in (
            ("sampler", self._options.sampler, able.samplers),
            ("scheduler", self._options.scheduler, able.schedulers),
        ):
            if one and one not in known:
                raise EngineError(
                    f"The model's engine has no {kind} {one!r}, but {', '.join(sorted(known))}."
                )
        return able


def sampling_of(
    options: ImageOptions, steps: int | None, cfg_scale: float | None
) -> dict[str, object]:
    """Return `sample_params` of a job; for other parameters, the server's start options apply.

    Args:
        options: of the row.
        steps: None: the server's default.
        cfg_scale: None: the row's.
    """
    cfg = options.cfg_scale if cfg_scale is None else cfg_scale
    sampling: dict[str, object] = {
        "sample_steps": steps,
        "sample_method": options.sampler,
        "scheduler": options.scheduler,
        "guidance": {} if cfg is None else {"txt_cfg": cfg},
    }
    return {key: value for key, value in sampling.items() if value}

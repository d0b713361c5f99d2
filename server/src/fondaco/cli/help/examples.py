"""Examples of every command, which its help shows before its options; a test parses each of them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

HEADING: Final = "Examples:"
EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "serve": (
        "fondaco serve",
        "fondaco serve --port 9000 --access-log",
        "fondaco serve --pull qwen2.5-coder-0.5b",
    ),
    "reload": ("fondaco reload",),
    "dashboard link": ("fondaco dashboard link", "fondaco dashboard link --account friends"),
    "chat": (
        "fondaco chat",
        'fondaco chat "Name three primes."',
        'git diff | fondaco chat "Write a commit message."',
        "fondaco chat qwen2.5-coder-0.5b",
    ),
    "embed": ('fondaco embed "A text"',),
    "status": ("fondaco status", "fondaco status --json"),
    "ps": ("fondaco ps",),
    "accounts create": ("fondaco accounts create friends --usd 10 --diem 5",),
    "accounts change": ("fondaco accounts change friends --tier paid",),
    "accounts disable": ("fondaco accounts disable friends",),
    "accounts enable": ("fondaco accounts enable friends",),
    "accounts list": ("fondaco accounts list", "fondaco accounts list --json"),
    "accounts show": ("fondaco accounts show friends",),
    "keys create": (
        "fondaco keys create",
        "fondaco keys create --type ADMIN --account friends",
        "fondaco keys create --description laptop --limit-usd 1 --expires-at 2027-01-31",
    ),
    "keys list": ("fondaco keys list", "fondaco keys list --account friends --json"),
    "keys show": ("fondaco keys show 0f6e1c9d2b8a4f7785e3c1a09b7d6e52",),
    "keys change": (
        "fondaco keys change 0f6e1c9d2b8a4f7785e3c1a09b7d6e52 --limit-usd 5",
        "fondaco keys change 0f6e1c9d2b8a4f7785e3c1a09b7d6e52 --expires-at never",
    ),
    "keys revoke": ("fondaco keys revoke 0f6e1c9d2b8a4f7785e3c1a09b7d6e52",),
    "keys revoke-all": ("fondaco keys revoke-all",),
    "balance grant": (
        "fondaco balance grant --usd 5",
        'fondaco balance grant --account friends --usd 5 --notes "Thanks"',
    ),
    "balance show": ("fondaco balance show", "fondaco balance show --account friends"),
    "usage": (
        "fondaco usage",
        "fondaco usage --by model --from 2026-11-01",
        "fondaco usage --csv > usage.csv",
    ),
    "models list": ("fondaco models list", "fondaco models list --wide"),
    "models show": ("fondaco models show default",),
    "models pull": (
        "fondaco models pull qwen2.5-coder-0.5b",
        "fondaco models pull hf:ggml-org/SmolLM3-3B-GGUF",
    ),
    "models add": (
        "fondaco models add hf:ggml-org/SmolLM3-3B-GGUF --name smollm3",
        "fondaco models add ./tuned.gguf --name tuned --price 0.1/0.4",
    ),
    "models search": ("fondaco models search coder",),
    "models remove": (
        "fondaco models remove tuned",
        "fondaco models remove tuned --keep-files",
    ),
    "models rm": ("fondaco models rm tuned",),
    "engines list": ("fondaco engines list",),
    "engines add": (
        "fondaco engines add http://127.0.0.1:11434",
        "fondaco engines add https://api.example.com/v1 --name vendor --key-env VENDOR_API_KEY",
    ),
    "engines test": ("fondaco engines test", "fondaco engines test vendor --json"),
    "engines remove": ("fondaco engines remove vendor",),
    "enclave": ("fondaco enclave",),
    "enclave verify": (
        "fondaco enclave verify https://ai.example.com --pin enclave.json",
        "fondaco enclave verify http://127.0.0.1:8000 --allow-software",
    ),
    "enclave rotate": ("fondaco enclave rotate",),
    "characters list": ("fondaco characters list",),
    "characters show": ("fondaco characters show alan-watts",),
    "characters add": (
        "fondaco characters add ada.toml",
        "fondaco characters add ada.toml --replace",
    ),
    "characters rm": ("fondaco characters rm ada",),
    "library add": ("fondaco library add ./handbook", "fondaco library add paper.pdf"),
    "library list": ("fondaco library list",),
    "library rm": ("fondaco library rm handbook",),
    "library search": ('fondaco library search "holiday policy" --most 3',),
    "jobs list": ("fondaco jobs list",),
    "jobs retrieve": (
        "fondaco jobs retrieve fondaco-camera 1d822de5-0c3b-4247-8f78-fbb2824c65d4 -o waves.mp4",
    ),
    "ledger verify": ("fondaco ledger verify",),
    "ledger repair-epoch": (
        "fondaco ledger repair-epoch",
        "fondaco ledger repair-epoch --yes",
    ),
    "ledger quarantine list": ("fondaco ledger quarantine list --json",),
    "ledger quarantine retry": ("fondaco ledger quarantine retry 7",),
    "ledger quarantine discard": ("fondaco ledger quarantine discard 7",),
    "config show": ("fondaco config show", "fondaco config show --origin"),
    "config check": ("fondaco config check", "fondaco config check --connect"),
    "config init": ("fondaco config init", "fondaco config init --all --stdout"),
    "image": (
        'fondaco image "a lighthouse at dusk" --output lighthouse.png',
        'fondaco image "a lighthouse at dusk" --size 512x768 --seed 7',
    ),
    "tts": ('fondaco tts "Hello there." --output hello.mp3', "fondaco tts - < story.txt"),
    "transcribe": (
        "fondaco transcribe meeting.mp3",
        "fondaco transcribe meeting.mp3 --format srt --output meeting.srt",
    ),
    "video": (
        'fondaco video "waves under a full moon" --output waves.mp4',
        'fondaco video "a slow zoom" --image still.png',
    ),
    "init": ("fondaco init", "fondaco init --yes --home /srv/fondaco"),
    "service install": (
        "fondaco service install",
        "fondaco service install --print --system --run-as fondaco",
    ),
    "service uninstall": ("fondaco service uninstall",),
    "service status": ("fondaco service status",),
    "doctor": ("fondaco doctor", "fondaco doctor --offline --json"),
    "backup": (
        "fondaco backup /backups/fondaco.tar.gz",
        "fondaco backup /backups",
        "fondaco backup - | age --recipient age1... > fondaco.tar.gz.age",
    ),
    "restore": (
        "fondaco restore --check /backups/fondaco.tar.gz",
        "fondaco restore /backups/fondaco.tar.gz --home /srv/restored",
        "fondaco restore --replace /backups/fondaco.tar.gz",
    ),
    "openapi": ("fondaco openapi > openapi.json", "fondaco openapi --yaml"),
    "completion": (
        "source <(fondaco completion bash)",
        "fondaco completion zsh > ~/.zfunc/_fondaco",
        "fondaco completion fish > ~/.config/fish/completions/fondaco.fish",
    ),
}
"""Command -> lines for a shell, the plainest first."""


def commands_of(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command below a group with its name; a group only where it can run by itself."""
    children = getattr(command, "commands", None)
    if name and (children is None or command.invoke_without_command):
        yield name, command
    for part, child in (children or {}).items():
        yield from commands_of(child, f"{name} {part}".strip())


def add_examples(root: Any) -> None:
    """Add its examples to the help of each command; a backspace keeps their lines as they are."""
    for name, command in commands_of(root):
        if lines := EXAMPLES.get(name):
            shown = "\n".join(f"  {line}" for line in lines)
            command.help = f"{(command.help or '').rstrip()}\n\n\b\n{HEADING}\n{shown}"

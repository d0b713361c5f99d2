"""The systemd unit of a server: its paths quoted, and its process confined as far as its manager can."""

import sys
from dataclasses import dataclass
from pathlib import Path

_UNIT = """\
# Written by `fondaco service install`.
[Unit]
Description=Fondaco inference server
{after}
[Service]
Type=exec
ExecStart={command}
ExecReload={reload}
Environment={home}
Environment={models}
{user}KillMode=mixed
TimeoutStopSec=60
Restart=on-failure
LimitNOFILE=65536
{limits}UMask=0077

{confined}
[Install]
WantedBy={target}
"""
_AFTER = "After=network-online.target\nWants=network-online.target\n"
_CONFINED = """\
NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""
_CONFINED_SYSTEM = """\
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={paths}
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
"""
"""Directives that need namespaces, which the manager of a user may not be allowed to make."""


@dataclass(frozen=True, slots=True)
class ServerUnit:
    """A server as systemd runs it."""

    home: Path
    models: Path
    config: Path | None
    user: str | None
    """Name of the user that a system's unit runs as; None: a unit of one's own."""

    @property
    def unit(self) -> str:
        """The unit file."""
        paths = f"{quoted(self.home)} {quoted(self.models)}"
        confined = (
            _CONFINED if self.user is None else _CONFINED + _CONFINED_SYSTEM.format(paths=paths)
        )
        return _UNIT.format(
            after="" if self.user is None else _AFTER,
            command=self._command("serve"),
            reload=self._command("reload"),
            home=quoted(f"FONDACO_HOME={self.home}", variables=False),
            models=quoted(f"FONDACO_MODELS={self.models}", variables=False),
            user="" if self.user is None else f"User={self.user}\n",
            limits="" if self.user is None else "LimitMEMLOCK=infinity\n",
            confined=confined,
            target="default.target" if self.user is None else "multi-user.target",
        )

    def _command(self, name: str) -> str:
        """Return a command of this installation; `reload` fails where the configuration cannot be used."""
        script = Path(sys.executable).with_name("fondaco")
        program = (str(script),) if script.is_file() else (sys.executable, "-m", "fondaco")
        config = () if self.config is None else ("--config", str(self.config))
        return " ".join(map(quoted, (*program, name, *config)))


def quoted(text: str | Path, *, variables: bool = True) -> str:
    r"""Return a word of a unit file. Source: systemd.syntax(7), "Quoting"; systemd.service(5), "Command lines".

    >>> quoted("/srv/100% of $it")
    '"/srv/100%% of $$it"'
    >>> quoted("/srv/fondaco")
    '/srv/fondaco'
    >>> quoted("/srv/a\nExecStartPre=/bin/false")  # a line break would begin a directive
    '"/srv/a\\x0aExecStartPre=/bin/false"'
    """
    escaped = str(text).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    escaped = "".join(
        one if one >= " " and one != "\x7f" else f"\\x{ord(one):02x}" for one in escaped
    )
    if variables:
        escaped = escaped.replace("$", "$$")
    plain = all(sign.isalnum() or sign in "/._-=:@+" for sign in escaped)
    return escaped if plain else f'"{escaped}"'

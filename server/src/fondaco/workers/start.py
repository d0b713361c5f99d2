"""Starts a child's module, and reports in the child's place where it cannot be imported.

Run as `python -m fondaco.workers.start MODULE`. Parents of both kinds, of workers and of servers, read the line
of JSON with `error` that it writes, as if the child had failed to load its model.
"""

import json
import re
import runpy
import sys

_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file")
PACKAGES_FIX = "On Debian or Ubuntu:"
"""Words before the command that installs a missing library."""
_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libOpenGL.so.0": "libopengl0",
    "libfontconfig.so.1": "libfontconfig1",
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
}
"""Debian's and Ubuntu's packages of the system libraries that Python packages need and do not contain."""


def command(module: str) -> list[str]:
    """Return the command of a child that runs `module`."""
    return [sys.executable, "-P", "-m", "fondaco.workers.start", module]


def reason(error: ImportError) -> str:
    """Return why a module cannot be imported, and how to mend it where that is known.

    >>> reason(ImportError("libEGL.so.1: cannot open shared object file: No such file or directory"))
    'the system library libEGL.so.1 is missing. On Debian or Ubuntu: apt-get install libegl1 libgl1'
    >>> reason(ImportError("libhip.so.6: cannot open shared object file: No such file or directory"))
    'the system library libhip.so.6 is missing'
    >>> reason(ModuleNotFoundError("No module named 'skia'"))
    "ModuleNotFoundError: No module named 'skia'"
    """
    found = _LIBRARY.match(str(error))
    if found is None:
        return f"{type(error).__name__}: {error}"
    missing = f"the system library {found[1]} is missing"
    package = _PACKAGES.get(found[1])
    if package is None:
        return missing
    # The loader names one library at a time; what needs EGL needs GL, too.
    packages = f"{package} libgl1" if package == "libegl1" else package
    return f"{missing}. {PACKAGES_FIX} apt-get install {packages}"


def main() -> None:
    """Run the module that the first argument names as the main program."""
    module = sys.argv.pop(1)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except ImportError as error:
        sys.stdout.write(json.dumps({"error": reason(error), "bytes": 0}) + "\n")
        sys.exit(1)


if __name__ == "__main__":
    main()

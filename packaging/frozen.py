"""Where the frozen program begins, instead of `python -m desktop`.

The programs that NextCall starts - a browser, a softphone - get its environment, and must not find our Qt and our libraries in it
in place of their own. PyInstaller needs these settings until here: our libraries are found beside each other, our Qt by itself.

On Linux every upgrade of the package is in another folder. What the session is told to start has to outlive that: the link to it.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

for _name in ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH"):
    os.environ.pop(_name, None)
for _name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
    _before = os.environ.pop(f"{_name}_ORIG", None)
    os.environ.pop(_name, None)
    if _before is not None:
        os.environ[_name] = _before

if sys.platform == "linux":
    _link = shutil.which("nextcall")
    if _link is not None and Path(_link).samefile(sys.executable):
        sys.executable = _link

from desktop.__main__ import main  # noqa: E402 - Qt must not see them either

sys.exit(main())

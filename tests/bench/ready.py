"""NextCall started, and left as soon as it is ready to log in: `python -m tests.bench.ready FOLDER URL`.

With `--libraries` it prints what it has imported by then that is not its own, for a floor that imports the same.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from desktop.__main__ import read_the_rest
from desktop.ui.application import QtApplication
from desktop.ui.first import first_login, wait_for_paint
from desktop.ui.login import LoginDialog
from desktop.ui.loop import event_loop


async def _until_ready(qt: QtApplication, login: LoginDialog | None, folder: Path, url: str) -> None:
    await read_the_rest()
    from desktop.app import App, Options
    from desktop.callcenter.model import Function

    app = App(qt, Options(service_url=url, data_dir=folder), login=login)
    await app.open(practice=False)
    while app.site is None or not app.site.center.offers(Function.LOGIN_AGENT):
        await asyncio.sleep(0.002)


def main() -> None:
    qt, folder = QtApplication(sys.argv[:1]), Path(sys.argv[1])
    login = first_login(folder)
    if login is not None:
        wait_for_paint(login)
    with asyncio.Runner(loop_factory=lambda: event_loop(qt)) as runner:
        runner.run(_until_ready(qt, login, folder, sys.argv[2]))
    if "--libraries" in sys.argv:
        ours = {"desktop", "tests", "__main__", "shibokensupport", "signature_bootstrap"}
        roots = {name.partition(".")[0] for name, module in sys.modules.items() if module is not None} - ours
        modules = {name for name in sys.modules if name.partition(".")[0] in roots and not name.startswith("_")}
        print(*sorted(name for name in modules if all(part.isidentifier() for part in name.split("."))))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

"""As whom Windows shows us: on notifications, in the taskbar and in its settings for notifications (AppUserModelID).

Without an id of its own a program that Python runs is "Python" there. The same id has to stand in the shortcut and in the
registry, which is the installer's work:

- the Start menu's shortcut has the property System.AppUserModel.ID = `APP_ID`;
- `HKCU or HKLM\\Software\\Classes\\AppUserModelId\\NextCall.Desktop` has DisplayName (REG_SZ) = "NextCall" and
  IconUri (REG_SZ) = the full path of a PNG or ICO.
"""

from __future__ import annotations

import logging
import sys

log = logging.getLogger(__name__)

APP_ID = "NextCall.Desktop"
_KNOWN = rf"Software\Classes\AppUserModelId\{APP_ID}"


def claim() -> bool:
    """Be NextCall to Windows; tell whether that is so. To be called before the first window; elsewhere it does nothing.

    Only where the installer has told Windows who that is: of an id that it does not know, Windows shows no notifications at all.
    """
    if sys.platform != "win32":
        return False
    import ctypes

    if not _is_known():
        log.info("no AppUserModelID: NextCall is not installed for Windows to know it")
        return False
    shell32 = ctypes.WinDLL("shell32")
    result: int = shell32.SetCurrentProcessExplicitAppUserModelID(ctypes.c_wchar_p(APP_ID))
    if result:
        log.info("no AppUserModelID: error %#x", result & 0xFFFFFFFF)
    return result == 0


def _is_known() -> bool:
    if sys.platform != "win32":
        return False
    import winreg

    for root in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
        try:
            winreg.CloseKey(winreg.OpenKey(root, _KNOWN))
        except OSError:
            continue
        return True
    return False

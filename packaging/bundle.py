"""What the frozen program consists of, for `nextcall.spec`: what is taken in, what is left out, and what systems are told of it.

Nothing here needs PyInstaller or any one system, so that all of it can be tried on each.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import desktop  # noqa: E402

APP_NAME, VERSION, MAINTAINER = desktop.APP_NAME, desktop.__version__, desktop.MAINTAINER

Entry = tuple[str, str, str]
"""PyInstaller's: the name in the bundle, the file that it is made from, the kind."""

COMMAND = "nextcall"
IDENTIFIER = desktop.BUNDLE_ID
"""As whom macOS knows the program: its settings, its permissions, and what an administrator has set for it."""
_DESCRIPTION = "The desktop companion of a call-center agent's phone"
_COPYRIGHT = "MIT license"

DATA = [
    (str(ROOT / "resources"), "desktop/_resources"),
    (str(ROOT / "desktop" / "shift" / "schema"), "desktop/shift/schema"),
    (str(ROOT / "desktop" / "supervision" / "schema"), "desktop/supervision/schema"),
]

# ------------------------------------------------------------------------------------------------ what is not taken in

MODULES_LEFT_OUT = (
    "phonenumbers.carrier",  # tables of providers and places, 5 MB that nobody asks
    "phonenumbers.carrierdata",
    "phonenumbers.geocoder",
    "phonenumbers.geodata",
    *("lxml.html", "lxml.isoschematron", "lxml.objectify", "lxml.cssselect", "lxml.sax", "lxml.pyclasslookup", "lxml.usedoctest"),
    *("setuptools", "distutils", "pkg_resources", "tkinter", "unittest", "pydoc", "doctest", "pdb", "lib2to3"),
    *("PySide6.QtConcurrent", "PySide6.QtDBus", "PySide6.QtMultimediaWidgets"),  # PyInstaller takes them for needed
    *("_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr", "_codecs_tw"),  # no file of ours is written so
)

_PLUGINS = {
    "platforms": {"xcb", "wayland", "windows", "cocoa", "offscreen"},  # the last one for --self-check where there is no screen
    "platforminputcontexts": {"composeplatforminputcontextplugin", "ibusplatforminputcontextplugin"},
    "platformthemes": {"xdgdesktopportal"},
    "wayland-shell-integration": {"xdg-shell"},
    "wayland-decoration-client": {"adwaita", "bradient"},
    "iconengines": {"svgicon"},
    "imageformats": {"svg"},
    "networkinformation": {"networkmanager", "glib", "networklistmanager", "scnetworkreachability"},
}
"""Qt's plugins that are used. QtMultimedia's are for films and music; to play samples it needs none. TLS is Python's."""

_NOT_ON_WINDOWS = {"opengl32sw.dll", "d3dcompiler_47.dll"}
"""What draws in three dimensions where no graphics card does."""

_DATA_LEFT_OUT = re.compile(r"PySide6/(Qt/)?translations/|lxml/isoschematron/")

_LEFT_TO_LINUX = re.compile(
    r"lib("
    r"stdc\+\+|gcc_s|ssl|crypto|sqlite3"
    r"|X11|X11-xcb|xcb|xcb-(glx|randr|render|shape|shm|sync|xfixes)|Xau|Xdmcp|Xext|Xi|Xrender|Xss|bsd|md|xkbcommon|xkbcommon-x11"
    r"|glib-2\.0|gobject-2\.0|gio-2\.0|gmodule-2\.0|gthread-2\.0|pcre2-8|mount|blkid|selinux"
    r"|dbus-1|systemd|cap|gcrypt|gpg-error|lz4|zstd"
    r"|fontconfig|freetype|png16|brotlidec|brotlicommon|expat"
    r"|gssapi_krb5|krb5|k5crypto|krb5support|com_err|keyutils"
    r"|pulse|pulsecommon-[\d.]+|asyncns|sndfile|FLAC|vorbis|vorbisenc|ogg|opus|mpg123|mp3lame"
    r")\.so(\.\d+)*"
)
"""Libraries that every desktop has, in a version that fits its own server, fonts and sound; or, as OpenSSL, keeps safe. The .deb
depends on them."""


def is_left_out(name: str) -> bool:
    """Whether a library or plugin is not taken in, by its name in the bundle alone."""
    path = PurePath(name.replace("\\", "/"))
    if "plugins" in path.parts[:-1]:
        kind, plugin = path.parts[-2], path.name.split(".")[0]
        plugin = (
            re.sub(r"^(lib)?q?", "", plugin)
            if kind not in {"wayland-shell-integration", "wayland-decoration-client"}
            else plugin.removeprefix("lib")
        )
        return plugin not in _PLUGINS.get(kind, ())
    return bool(_LEFT_TO_LINUX.fullmatch(path.name)) or path.name.lower() in _NOT_ON_WINDOWS


def needed(binaries: Iterable[Entry], imports: Callable[[str], Iterable[str]]) -> list[Entry]:
    """Of `binaries` those that are used: Python, its extension modules, the wanted plugins, and what all these are linked to.

    `imports` gives the names of the libraries that a file is linked to.
    """
    wanted = [entry for entry in binaries if not is_left_out(entry[0])]
    by_name: dict[str, list[Entry]] = {}
    for entry in wanted:
        by_name.setdefault(PurePath(entry[0]).name.lower(), []).append(entry)
    used: set[Entry] = set()
    waiting = [entry for entry in wanted if _is_root(entry)]
    while waiting:
        entry = waiting.pop()
        if entry in used:
            continue
        used.add(entry)
        if entry[2] != "SYMLINK":
            waiting += [other for name in imports(entry[1]) for other in by_name.get(PurePath(name).name.lower(), ())]
    return [entry for entry in wanted if entry in used]


def _is_root(entry: Entry) -> bool:
    name, _, kind = entry
    path = PurePath(name.replace("\\", "/"))
    is_python = re.fullmatch(r"(libpython|python|vcruntime).*", path.name.lower()) is not None or path.name == "Python"
    return kind == "EXTENSION" or is_python or "plugins" in path.parts[:-1]


def needed_data(data: Iterable[Entry], offered: Iterable[Entry], taken: Iterable[Entry]) -> list[Entry]:
    """Of the files beside the code those that are used: nothing that belongs to a library which was `offered` but not `taken`."""
    there = {PurePath(entry[0]).as_posix() for entry in taken}
    gone = {PurePath(entry[0]).as_posix() for entry in offered} - there
    frameworks_gone = {_framework(name) for name in gone} - {_framework(name) for name in there} - {""}
    found = []
    for entry in data:
        path = PurePath(entry[0])
        leads_to = posixpath.normpath((path.parent / PurePath(entry[1])).as_posix()) if entry[2] == "SYMLINK" else ""
        if not (_DATA_LEFT_OUT.match(path.as_posix()) or leads_to in gone or _framework(path.as_posix()) in frameworks_gone):
            found.append(entry)
    return found


def _framework(name: str) -> str:
    """The folder that macOS takes for one library, if the file is in such a one."""
    before, ending, _ = name.partition(".framework/")
    return before if ending else ""


# --------------------------------------------------------------------------------------------- what the systems are told

ENTITLEMENTS = ROOT / "packaging" / "macos" / "entitlements.plist"

INFO_PLIST = {
    "CFBundleDisplayName": APP_NAME,
    "CFBundleName": APP_NAME,
    "CFBundleURLTypes": [{"CFBundleURLName": IDENTIFIER, "CFBundleURLSchemes": ["nextcall"]}],
    "LSApplicationCategoryType": "public.app-category.business",
    "LSMinimumSystemVersion": "13.0",  # PySide6's
    "NSHighResolutionCapable": True,
    "NSHumanReadableCopyright": _COPYRIGHT,
    "NSRequiresAquaSystemAppearance": False,  # dark where the system is
}


def version_info(file_name: str) -> str:
    """What Windows shows of a program in its properties, as the Python text that PyInstaller takes."""
    numbers = tuple([*map(int, re.findall(r"\d+", VERSION)), 0, 0, 0, 0][:4])
    texts = {
        "CompanyName": APP_NAME,
        "FileDescription": APP_NAME,  # the name in the task manager
        "FileVersion": VERSION,
        "InternalName": COMMAND,
        "LegalCopyright": _COPYRIGHT,
        "OriginalFilename": file_name,
        "ProductName": APP_NAME,
        "ProductVersion": VERSION,
        "Comments": _DESCRIPTION,
    }
    structs = ", ".join(f"StringStruct({name!r}, {text!r})" for name, text in texts.items())
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}), kids=["
        f"StringFileInfo([StringTable('040904B0', [{structs}])]), VarFileInfo([VarStruct('Translation', [1033, 1200])])])\n"
    )

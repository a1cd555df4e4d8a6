"""What the frozen program is made of and what systems are told of it; as far as that can be said without freezing it.

`python packaging/dev.py build` freezes it and tries what comes of that.
"""

from __future__ import annotations

import importlib.util
import json
import os
import plistlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage, QImageReader

from desktop import APP_NAME, __version__

ROOT = Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"
SPEC = PACKAGING / "nextcall.spec"


def loaded(name: str) -> ModuleType:
    """A module of packaging/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, PACKAGING / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bundle, icons = loaded("bundle"), loaded("icons")

# ------------------------------------------------------------------------------------------------------ what is taken in

LINUX = [
    ("libpython3.11.so.1.0", "/python", "BINARY"),
    ("PySide6/QtWidgets.abi3.so", "/widgets", "EXTENSION"),
    ("PySide6/Qt/lib/libQt6Widgets.so.6", "/qt-widgets", "BINARY"),
    ("PySide6/Qt/lib/libQt6Pdf.so.6", "/qt-pdf", "BINARY"),
    ("PySide6/Qt/lib/libQt6XcbQpa.so.6", "/qt-xcb", "BINARY"),
    ("PySide6/Qt/plugins/platforms/libqxcb.so", "/xcb", "BINARY"),
    ("PySide6/Qt/plugins/imageformats/libqpdf.so", "/pdf", "BINARY"),
    ("libQt6XcbQpa.so.6", "PySide6/Qt/lib/libQt6XcbQpa.so.6", "SYMLINK"),
    ("libxcb-cursor.so.0", "/cursor", "BINARY"),
    ("libssl.so.3", "/ssl", "BINARY"),
]
LINUX_LINKS = {
    "/widgets": ["/venv/libQt6Widgets.so.6", "libc.so.6"],
    "/xcb": ["/venv/libQt6XcbQpa.so.6", "/usr/lib/libxcb-cursor.so.0"],
    "/pdf": ["/venv/libQt6Pdf.so.6"],
    "/qt-widgets": ["/usr/lib/libssl.so.3"],
}


def names(entries: list[tuple[str, str, str]]) -> set[str]:
    return {name for name, _, _ in entries}


def test_what_is_used_is_taken_in_with_what_it_is_linked_to_and_nothing_else():
    taken = bundle.needed(LINUX, lambda file: LINUX_LINKS.get(file, []))
    assert names(taken) == {
        "libpython3.11.so.1.0",
        "PySide6/QtWidgets.abi3.so",
        "PySide6/Qt/lib/libQt6Widgets.so.6",
        "PySide6/Qt/lib/libQt6XcbQpa.so.6",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "libQt6XcbQpa.so.6",
        "libxcb-cursor.so.0",
    }


@pytest.mark.parametrize(
    ("name", "is_left_out"),
    [
        ("PySide6/Qt/plugins/platforms/libqwayland.so", False),
        ("PySide6\\plugins\\platforms\\qwindows.dll", False),
        ("PySide6/Qt/plugins/platforms/libqcocoa.dylib", False),
        ("PySide6\\plugins\\networkinformation\\qnetworklistmanager.dll", False),
        ("PySide6/Qt/plugins/networkinformation/libqscnetworkreachability.dylib", False),
        ("PySide6\\plugins\\iconengines\\qsvgicon.dll", False),
        ("PySide6\\plugins\\platforms\\qdirect2d.dll", True),
        ("PySide6\\plugins\\tls\\qschannelbackend.dll", True),
        ("PySide6/Qt/plugins/multimedia/libffmpegmediaplugin.dylib", True),
        ("PySide6\\opengl32sw.dll", True),
        ("libstdc++.so.6", True),
        ("libxcb.so.1", True),
        ("libxcb-cursor.so.0", False),
        ("libicudata.so.73", False),
    ],
)
def test_plugins_are_told_apart_on_every_system(name: str, *, is_left_out: bool):
    assert bundle.is_left_out(name) == is_left_out


def test_data_is_taken_in_but_for_translations_and_what_belongs_to_a_library_that_is_not():
    core = [("PySide6/Qt/lib/libQt6Core.so.6", "/core", "BINARY"), ("Qt/QtCore.framework/Versions/A/QtCore", "/core", "BINARY")]
    pdf = [("PySide6/Qt/lib/libQt6Pdf.so.6", "/pdf", "BINARY"), ("Qt/QtPdf.framework/Versions/A/QtPdf", "/pdf", "BINARY")]
    wanted = [
        ("libQt6Core.so.6", "PySide6/Qt/lib/libQt6Core.so.6", "SYMLINK"),
        ("Qt/QtCore.framework/Versions/Current", "A", "SYMLINK"),
        ("Qt/QtCore.framework/Resources", "Versions/Current/Resources", "SYMLINK"),
        ("desktop/_resources/style/nextcall.qss", "/qss", "DATA"),
    ]
    not_wanted = [
        ("libQt6Pdf.so.6", "PySide6/Qt/lib/libQt6Pdf.so.6", "SYMLINK"),
        ("Qt/lib/libQt6Pdf.so.6", "../../PySide6/Qt/lib/libQt6Pdf.so.6", "SYMLINK"),
        ("Qt/QtPdf.framework/Versions/Current", "A", "SYMLINK"),
        ("Qt/QtPdf.framework/Versions/A/Resources/Info.plist", "/plist", "DATA"),
        ("PySide6/Qt/translations/qtbase_de.qm", "/qm", "DATA"),
    ]
    assert bundle.needed_data([*wanted, *not_wanted], [*core, *pdf], core) == wanted


def test_everything_beside_the_code_is_taken_in():
    for source, _ in bundle.DATA:
        assert Path(source).is_dir()
    beside = {file.parent for file in (ROOT / "desktop").rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"}}
    assert beside <= {Path(source) for source, _ in bundle.DATA}


def test_the_spec_is_python_and_uses_names_that_there_are():
    text = SPEC.read_text(encoding="utf-8")
    compile(text, SPEC.name, "exec")
    for module in (bundle, icons):
        used = set(re.findall(rf"\b{module.__name__}\.(\w+)", text))
        assert used
        assert not {name for name in used if not hasattr(module, name)}


# ------------------------------------------------------------------------------------------------ what systems are told


def test_macos_is_told_of_the_links_and_of_the_oldest_system():
    told = plistlib.loads(plistlib.dumps(bundle.INFO_PLIST))
    assert [scheme for url in told["CFBundleURLTypes"] for scheme in url["CFBundleURLSchemes"]] == ["nextcall"]
    assert told["LSMinimumSystemVersion"] == "13.0"
    assert told["CFBundleName"] == APP_NAME


def test_windows_is_told_name_and_version():
    def note(*parts: object, **named: object) -> tuple[object, ...]:
        return (*parts, *named.items())

    structs = dict.fromkeys(("VSVersionInfo", "FixedFileInfo", "StringFileInfo", "StringTable", "StringStruct"), note)
    told = repr(eval(bundle.version_info("nextcall.exe"), structs | {"VarFileInfo": note, "VarStruct": note}))
    for name, text in (("FileDescription", APP_NAME), ("ProductVersion", __version__), ("OriginalFilename", "nextcall.exe")):
        assert repr((name, text)) in told
    numbers = tuple(map(int, (*__version__.split("."), 0)))
    assert repr(("filevers", numbers)) in told


def pictures(data: bytes, kind: str) -> list[QImage]:
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(kind.encode()))
    found = []
    for number in range(reader.imageCount()):
        reader.jumpToImage(number)
        found.append(reader.read())
    return found


@pytest.mark.parametrize(
    ("kind", "sizes"), [("ico", {16, 20, 24, 32, 40, 48, 64, 256}), ("icns", {16, 32, 64, 128, 256, 512, 1024}), ("png", {48})]
)
def test_the_icon_is_the_same_in_every_format_and_size(kind: str, sizes: set[int]):
    found = pictures({"ico": icons.ico, "icns": icons.icns, "png": lambda: icons.png(48)}[kind](), kind)
    assert {picture.width() for picture in found} == sizes
    for picture in found:
        edge, middle = picture.pixelColor(0, 0), picture.pixelColor(picture.width() // 2, picture.height() // 8)
        assert edge.alpha() < 32, "the corners are round"
        assert middle.name() == "#0a6c74"
        assert picture.pixelColor(picture.width() // 2, picture.height() * 5 // 8).name() != middle.name(), "it is upside down"


def test_the_desktop_entry_is_right():
    entry = PACKAGING / "linux" / "nextcall.desktop"
    lines = entry.read_text(encoding="utf-8").splitlines()
    assert "MimeType=x-scheme-handler/nextcall;" in lines
    assert "Exec=nextcall %u" in lines
    validate = shutil.which("desktop-file-validate")
    if validate is None:
        pytest.skip("desktop-file-validate is not here")
    done = subprocess.run([validate, entry], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


# -------------------------------------------------------------------------------------------------- where it all begins


@pytest.mark.skipif(sys.platform == "win32", reason="PyInstaller sets no library paths there")
def test_what_the_program_starts_finds_its_own_libraries(tmp_path: Path):
    stand_in = tmp_path / "desktop"
    stand_in.mkdir()
    tells = "import json, os\ndef main():\n    print(json.dumps(dict(os.environ)))\n    return 7\n"
    (stand_in / "__main__.py").write_text(tells, encoding="utf-8")
    begun = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "LD_LIBRARY_PATH": "/bundle:/mine",
        "LD_LIBRARY_PATH_ORIG": "/mine",
        "QT_PLUGIN_PATH": "/bundle",
        "QML2_IMPORT_PATH": "/bundle",
    }
    command = [sys.executable, "-S", PACKAGING / "frozen.py"]
    done = subprocess.run(command, env=begun, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    left = json.loads(done.stdout)
    assert left["LD_LIBRARY_PATH"] == "/mine"
    assert not {"LD_LIBRARY_PATH_ORIG", "QT_PLUGIN_PATH", "QML2_IMPORT_PATH"} & left.keys()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a newer version is where the old one was")
@pytest.mark.parametrize("leads_here", [True, False])
def test_what_is_written_down_of_the_program_is_the_link_that_leads_to_it(tmp_path: Path, *, leads_here: bool):
    (tmp_path / "desktop").mkdir()
    tells = "import sys\ndef main():\n    print(sys.executable)\n"
    (tmp_path / "desktop" / "__main__.py").write_text(tells, encoding="utf-8")
    link = tmp_path / "nextcall"
    link.symlink_to(sys.executable if leads_here else "/bin/sh")
    begun = {**os.environ, "PYTHONPATH": str(tmp_path), "PATH": str(tmp_path)}
    command = [sys.executable, "-S", PACKAGING / "frozen.py"]
    done = subprocess.run(command, env=begun, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(link if leads_here else sys.executable), done.stderr


# ---------------------------------------------------------------------------------------------------------- the lock


def locked(file: str) -> dict[str, str]:
    text = (PACKAGING / file).read_text(encoding="utf-8")
    found = [Requirement(line.removesuffix("\\").strip()) for line in text.splitlines() if re.match(r"[A-Za-z]", line)]
    return {canonicalize_name(one.name): str(one.specifier) for one in found}


def test_what_is_built_with_is_locked_by_hash_and_what_is_built_in_is_what_was_tested():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [Requirement(line) for line in [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]]
    building, tested = locked("requirements-build.lock"), locked("requirements.lock")
    for one in wanted:
        version = building[canonicalize_name(one.name)].removeprefix("==")
        assert one.specifier.contains(version), f"the lock has {one.name} {version}"
    both = building.keys() & tested.keys()
    assert {name: building[name] for name in both} == {name: tested[name] for name in both}
    entries = re.split(r"\n(?=[A-Za-z])", (PACKAGING / "requirements-build.lock").read_text(encoding="utf-8"))
    assert not [entry.splitlines()[0] for entry in entries if re.match("[A-Za-z]", entry) and "--hash=sha256:" not in entry]

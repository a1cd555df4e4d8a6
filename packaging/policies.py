"""Writes what administrators need to set NextCall up for their agents, from the settings as they are declared.

    python packaging/policies.py

- `windows/policies`: a template for the Group Policy editor and Intune (ADMX) with its English words (ADML);
- `macos/nextcall.mobileconfig`: a sample of a configuration profile;
- `linux/policy.toml`: a sample of `/etc/nextcall/policy.toml`.

Run it after a change in desktop/settings/settings.py; tests/settings/test_policy_files.py says so when it is forgotten. Which
settings there are, and where each system keeps them, is desktop/settings/policy.py.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5
from xml.sax.saxutils import escape

import tomli_w

from desktop import APP_NAME, BUNDLE_ID
from desktop.settings.policy import LINUX_FILE, NONE, REGISTRY_KEY, Settable, settable

HERE = Path(__file__).resolve().parent
_SCHEMA = "http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions"
_MADE_BY = "Made by packaging/policies.py from desktop/settings/settings.py."
_LONGEST_TEXT = 1023
"""Characters that the Group Policy editor takes in a line."""


def files() -> dict[Path, str]:
    """Each file and what belongs into it."""
    settings = list(settable().values())
    return {
        HERE / "windows" / "policies" / "NextCall.admx": admx(settings),
        HERE / "windows" / "policies" / "en-US" / "NextCall.adml": adml(settings),
        HERE / "macos" / "nextcall.mobileconfig": mobileconfig(settings),
        HERE / "linux" / "policy.toml": toml(settings),
    }


# ------------------------------------------------------------------------------------------------------------- Windows


def admx(settings: list[Settable]) -> str:
    """Which values there are in the registry, and what the editor writes there."""
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<!-- {_MADE_BY} -->
<policyDefinitions xmlns="{_SCHEMA}" revision="1.0" schemaVersion="1.0">
  <policyNamespaces>
    <target prefix="nextcall" namespace="NextCall.Policies" />
  </policyNamespaces>
  <resources minRequiredRevision="1.0" />
  <supportedOn>
    <definitions>
      <definition name="SUPPORTED_NextCall" displayName="$(string.SUPPORTED_NextCall)" />
    </definitions>
  </supportedOn>
  <categories>
    <category name="NextCall" displayName="$(string.NextCall)" />
  </categories>
  <policies>
{"".join(map(_admx_policy, settings))}\
  </policies>
</policyDefinitions>
"""


def _admx_policy(setting: Settable) -> str:
    name = setting.name
    asks = f'valueName="{name}"' if setting.kind == "yes or no" else f'presentation="$(presentation.{name})"'
    words = f'displayName="$(string.{name})" explainText="$(string.{name}_Help)"'
    return f"""\
    <policy name="{name}" class="Both" {words} key="{REGISTRY_KEY}" {asks}>
      <parentCategory ref="NextCall" />
      <supportedOn ref="SUPPORTED_NextCall" />
{_admx_value(setting)}\
    </policy>
"""


def _admx_value(setting: Settable) -> str:
    known_as = f'id="{setting.name}" valueName="{setting.name}" required="true"'
    match setting.kind:
        case "yes or no":
            return """\
      <enabledValue><decimal value="1" /></enabledValue>
      <disabledValue><decimal value="0" /></disabledValue>
"""
        case "number":
            element = f'        <decimal {known_as} minValue="{setting.least}" maxValue="{setting.most}" />\n'
        case "text":
            element = f'        <text {known_as} maxLength="{_LONGEST_TEXT}" />\n'
        case "choice":
            items = "".join(
                f'          <item displayName="$(string.{setting.name}_{choice or NONE})">'
                f"<value><string>{escape(choice or NONE)}</string></value></item>\n"
                for choice in setting.choices
            )
            element = f"        <enum {known_as}>\n{items}        </enum>\n"
    return f"      <elements>\n{element}      </elements>\n"


def adml(settings: list[Settable]) -> str:
    """What the editor says to each of them, in English."""
    strings = {"NextCall": APP_NAME, "SUPPORTED_NextCall": f"{APP_NAME} on Windows"}
    for setting in settings:
        strings |= {setting.name: setting.title, f"{setting.name}_Help": _help(setting)}
        strings |= {f"{setting.name}_{choice or NONE}": (choice or NONE).capitalize() for choice in setting.choices}
    table = "".join(f'      <string id="{name}">{escape(text)}</string>\n' for name, text in strings.items())
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<!-- {_MADE_BY} -->
<policyDefinitionResources xmlns="{_SCHEMA}" revision="1.0" schemaVersion="1.0">
  <displayName>{APP_NAME}</displayName>
  <description>What an organisation sets for its agents.</description>
  <resources>
    <stringTable>
{table}\
    </stringTable>
    <presentationTable>
{"".join(map(_presentation, settings))}\
    </presentationTable>
  </resources>
</policyDefinitionResources>
"""


def _help(setting: Settable) -> str:
    match setting.kind:
        case "yes or no":
            what, otherwise, usual = "Enabled: yes. Disabled: no.", "Not configured", "yes" if setting.default else "no"
        case "number":
            what, otherwise, usual = f"Enabled: {setting.wants}.", "Disabled or not configured", setting.default
        case _:
            what, otherwise, usual = "Enabled: what you enter or choose.", "Disabled or not configured", _value(setting) or "none"
    seen = "Agents see it in the settings and cannot change it. It counts more than the command line and the campaign's profile."
    return f"{setting.meaning}.\n\n{what} {seen}\n\n{otherwise}: agents choose for themselves (usually: {usual})."


def _presentation(setting: Settable) -> str:
    title = escape(f"{setting.title}:")
    match setting.kind:
        case "yes or no":
            return ""
        case "number":
            part = f'<decimalTextBox refId="{setting.name}" defaultValue="{setting.default}">{title}</decimalTextBox>'
        case "text":
            usual = f"<defaultValue>{escape(setting.default)}</defaultValue>" if setting.default else ""
            part = f'<textBox refId="{setting.name}"><label>{title}</label>{usual}</textBox>'
        case "choice":
            first = setting.choices.index(setting.default)
            part = f'<dropdownList refId="{setting.name}" noSort="true" defaultItem="{first}">{title}</dropdownList>'
    return f'      <presentation id="{setting.name}">{part}</presentation>\n'


# --------------------------------------------------------------------------------------------------- macOS and Linux


def mobileconfig(settings: list[Settable]) -> str:
    """A profile that sets everything to what it is without one."""
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- {_MADE_BY}
     A sample: it sets everything. Change what you want to set, and take out what agents may choose for themselves. -->
<plist version="1.0">
<dict>
{_payload("Configuration", BUNDLE_ID + ".policy", "  ")}\
  <key>PayloadScope</key>
  <string>System</string>
  <key>PayloadContent</key>
  <array>
    <dict>
{_payload(BUNDLE_ID, BUNDLE_ID + ".policy.settings", "      ")}\
{"".join(map(_plist_entry, settings))}\
    </dict>
  </array>
</dict>
</plist>
"""


def _payload(kind: str, identifier: str, indent: str) -> str:
    entries = {
        "PayloadType": f"<string>{kind}</string>",
        "PayloadVersion": "<integer>1</integer>",
        "PayloadIdentifier": f"<string>{identifier}</string>",
        "PayloadUUID": f"<string>{str(uuid5(NAMESPACE_DNS, identifier)).upper()}</string>",
        "PayloadDisplayName": f"<string>{APP_NAME}</string>",
    }
    return "".join(f"{indent}<key>{name}</key>\n{indent}{value}\n" for name, value in entries.items())


def _plist_entry(setting: Settable) -> str:
    match setting.kind:
        case "yes or no":
            value = "<true/>" if setting.default else "<false/>"
        case "number":
            value = f"<integer>{setting.default}</integer>"
        case _:
            value = f"<string>{escape(_value(setting))}</string>"
    return f"      <!-- {_told(setting)} -->\n      <key>{setting.name}</key>\n      {value}\n"


def toml(settings: list[Settable]) -> str:
    """A file that sets nothing until a line is made to count."""
    head = f"""\
# {_MADE_BY}
#
# What your organisation sets for its agents. Copy this to {LINUX_FILE.as_posix()}, which has to belong to root and to be writable
# by nobody else, and take the # away from what you want to set; the rest agents choose for themselves.
"""
    return head + "".join(f"\n# {_told(setting)}\n#{tomli_w.dumps({setting.name: _value(setting)})}" for setting in settings)


def _told(setting: Settable) -> str:
    return f"{setting.title}. {setting.meaning}. It takes {setting.wants}."


def _value(setting: Settable) -> Any:
    """What it is when nobody has set it, as an administrator writes it."""
    return NONE if setting.kind == "choice" and not setting.default else setting.default


def main() -> int:
    for file, text in files().items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
        print(file.relative_to(HERE.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What happens alongside a call besides its popup: what tells of it, what the profile has opened, and who else is told.

Nothing of it can hold up a call, and nothing that goes wrong in it stays unsaid.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from PySide6.QtCore import QObject, Signal

from desktop.outside.webhooks import Webhooks
from desktop.popup import callback, webhook
from desktop.popup.form import Form
from desktop.tasks import Tasks
from desktop.ui.aids import Aids
from desktop.ui.channels import Channels


class Alongside(QObject):
    """Told of each call's steps by the desk. Without `webhooks`, as in a practice, no other system is told of anything."""

    failed = Signal(str)

    def __init__(self, channels: Channels, tasks: Tasks, webhooks: Webhooks | None) -> None:
        super().__init__()
        self._channels = channels
        self._tasks = tasks
        self._webhooks = webhooks
        self.aids = Aids(self)
        self.aids.failed.connect(self.failed)

    def call_connected(self, form: Form, *, known_before: bool) -> None:
        """Somebody is on the line. `known_before`: an earlier start of the program was told so already."""
        self._channels.call_connected(form.facts.caller.title)
        if known_before:
            self.aids.done_before(form.facts.call.id)
            return
        self.aids.connected(form.facts)
        hook = form.facts.profile.webhook
        if self._webhooks is not None and hook is not None and "connect" in hook.on:
            self._webhooks.tell(hook, webhook.connected(hook, form.facts))

    def call_stored(self, form: Form) -> None:
        """The call center has the response, as far as anybody knows."""
        self.call_ended()
        hook = form.facts.profile.webhook
        if self._webhooks is not None and hook is not None and "stored" in hook.on:
            facts = replace(form.facts, now=datetime.now(callback.HERE))
            self._webhooks.tell(hook, webhook.stored(hook, facts, form.disposition, form.notes))

    def call_ended(self) -> None:
        """Nobody is on the line any more."""
        self._channels.call_ended()

    async def close(self) -> None:
        """Leave nothing behind: nothing on the clipboard, no alert; whoever is still to be told gets a last chance."""
        self.aids.clear_clipboard()
        await self._channels.close()
        if self._webhooks is not None:
            await self._webhooks.close()

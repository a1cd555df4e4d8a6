"""Following a nextcall:// link: what it names is shown, and only if the agent agrees the log-in dialog is filled in with it."""

from __future__ import annotations

from pathlib import Path

from desktop.link import Link
from desktop.ui.campaign import Campaign
from desktop.ui.login import LoginDialog
from desktop.ui.question import Question


class Links:
    """`profiles` is the folder that a link can name a profile of; None where links are not followed."""

    def __init__(self, profiles: Path | None, campaign: Campaign | None) -> None:
        self._profiles = profiles
        self._campaign = campaign
        self._asking = False

    async def ask(self, link: Link, login: LoginDialog) -> bool:
        """Ask whether to do what the link wants, and do it; tell whether it was done."""
        file = link.profile_file(self._profiles) if self._profiles else None
        if self._asking or not (link.campaign_id or file):
            return False
        if file is not None and not file.is_file():
            login.say("A link was clicked", f"It names the profile {link.profile}, which is not on this computer.", "warn")
            return False
        wants = [f"campaign {link.campaign_id}"] if link.campaign_id else []
        wants += [f"the profile {link.profile}"] if file else []
        words = f"It wants to prepare a log-in for {' with '.join(wants)}. Agree only if you clicked it. Nothing is sent yet."
        self._asking = True
        try:
            agreed = await Question(
                "A link wants NextCall", words, yes="Prepare it", no="Ignore it", practice=False, parent=login
            ).ask()
        finally:
            self._asking = False
        if not agreed:
            return False
        if link.campaign_id:
            login.set_campaign(link.campaign_id)
        if file is not None and self._campaign is not None:
            self._campaign.use(file)
        login.say("Prepared as the link wants it", f"Next log-in: {' with '.join(wants)}.")
        return True

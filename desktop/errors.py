"""Every failure that an agent can meet, drawn as one tree.

NextCallError
├── CallCenterError             between us and the hosted call center
│   ├── NotReached              the request never left: nothing happened there, sending again is safe
│   ├── Refused                 the service answered with a Fault: it did not do it
│   │   ├── NotLoggedIn         ... because the agent is not (or no longer) logged in
│   │   ├── AlreadyStored       ... because it has a response to this call already
│   │   └── CampaignNotRunning  ... because the campaign is not running
│   ├── OutcomeUnknown          the request left, no answer came: it may have been done
│   │   └── AnswerNotUnderstood an answer came, but not one of this service
│   ├── WrongValues             what was filled in is not what the service's description wants: nothing was sent
│   └── ContractError           the service's description (WSDL) cannot be used
│       └── NotOffered          ... because it lacks the function that is asked for
├── OutsideError                between us and a system that is not the call center: the address cannot be used
│   ├── OutsideNotReached       no answer came, or not the whole of one
│   └── OutsideRefused          it answered, but not with what was asked for
├── ShiftError                  the shift does not allow this now
├── LinkRefused                 a nextcall:// link that is not one, or asks for more than a link may
└── KeptError                   something on this computer could not be kept or read
    ├── KeyNotKept              the keyring
    ├── SettingsNotKept         the settings file
    ├── PolicyError             what the organisation has set for its agents
    ├── JournalNotKept          the journal of calls and responses
    ├── AuditNotKept            the log of what team leads have done
    ├── ScenarioError           the scenario of a practice
    ├── ProfileError            a campaign's profile
    └── NotesNotRead            an export of notes

Each failure says what happened (`title`), why in the service's or the system's own words (`reason`, may be empty) and what to
do (`advice`). None of the three ever contains the API key; whoever raises sees to that. This module imports nothing.
"""

from __future__ import annotations


class NextCallError(Exception):
    """A failure that can be told to an agent in words."""

    title = "Something went wrong"
    advice = "Try again. If it happens again, tell your team lead."

    def __init__(self, reason: str = "", *, title: str = "", advice: str = "") -> None:
        self.reason = reason
        if title:
            self.title = title
        if advice:
            self.advice = advice
        super().__init__(reason)

    def __str__(self) -> str:
        return f"{self.title}: {self.reason}" if self.reason else self.title

    @property
    def in_a_line(self) -> str:
        """What happened and what to do, in one line."""
        return f"{str(self).rstrip('.')}. {self.advice}"


class CallCenterError(NextCallError):
    """Between us and the hosted call center."""


class NotReached(CallCenterError):
    """The request never left this computer, so sending it again is safe."""

    title = "The call center could not be reached"
    advice = "Nothing was sent. Check the network, then try again."


class Refused(CallCenterError):
    """The service answered with a SOAP Fault; `reason` is the service's own text."""

    title = "The call center refused"
    advice = "Check what you entered, or show this to your team lead."


class NotLoggedIn(Refused):
    """A Fault which says that the agent is not, or no longer, logged in."""

    title = "You are no longer logged in"
    advice = "If your phone is still connected, hang it up and log in again."


class AlreadyStored(Refused):
    """A Fault which says that this call has its response already."""

    title = "The call center has a response to this call already"
    advice = "Show this to your team lead if yours is not the one."


class CampaignNotRunning(Refused):
    """A Fault which says that the campaign is not running: it was stopped, or never started."""

    title = "The campaign is not running"
    advice = "Ask your team lead whether it is started soon, or whether another campaign ID is right. Then try again."


class OutcomeUnknown(CallCenterError):
    """The request left, but no answer arrived: the service may have carried it out."""

    title = "The call center did not answer"
    advice = "It may have been done all the same. Listen to your phone before you try again."


class AnswerNotUnderstood(OutcomeUnknown):
    """An answer arrived which is not one of this service: a proxy's page, broken or hostile XML, a wrong element."""

    title = "The answer made no sense"
    advice = "A proxy or a sign-in page of your network may be in the way. Show this to your IT support."


class WrongValues(CallCenterError):
    """What was filled into a form is not what the service's description wants; nothing was sent.

    `mistakes` are pairs of the path of a field (names from the outside in) and a sentence about it. A sentence about several
    fields stands at the first of them.
    """

    title = "This cannot be sent as it is"
    advice = "Nothing was sent. Correct it, then try again."

    def __init__(self, reason: str = "", mistakes: tuple[tuple[tuple[str, ...], str], ...] = ()) -> None:
        self.mistakes = mistakes
        super().__init__(reason)


class ContractError(CallCenterError):
    """The service's description (WSDL) cannot be read or does not fit."""

    title = "This is not a call center that NextCall understands"
    advice = "Check the service address in the settings, or show this to your IT support."


class NotOffered(ContractError):
    """The service has no such function; its control should have been hidden."""

    title = "This service does not offer this"
    advice = "Your team lead can tell whether another service address is right."


class OutsideError(NextCallError):
    """Between us and a system other than the call center; `reason` is a sentence with its host, and no more of its address."""

    title = "Another system cannot be used"
    advice = "Your calls go on without it. Show this to your IT support."


class OutsideNotReached(OutsideError):
    """No answer came, or not the whole of one; it may have been asked or told all the same."""

    title = "Another system could not be reached"


class OutsideRefused(OutsideError):
    """An answer came which is not the one that was asked for; `status` is its HTTP status."""

    title = "Another system refused"

    def __init__(self, reason: str = "", *, status: int = 0, title: str = "", advice: str = "") -> None:
        super().__init__(reason, title=title, advice=advice)
        self.status = status


class ShiftError(NextCallError):
    """A step that the shift does not allow in its present state (states.py)."""

    title = "This cannot be done now"
    advice = "Look at the state of your shift in the NextCall window."


class LinkRefused(NextCallError):
    """A link, from wherever it was clicked, that NextCall does not follow; `reason` repeats nothing of it."""

    title = "This link is not followed"
    advice = "Nothing was done. Show the link to your team lead if it should work."


class KeptError(NextCallError):
    """Something on this computer could not be kept or read back."""


class KeyNotKept(KeptError):
    """The system's keyring is missing, locked, or lost what it was given."""

    title = "The API key could not be kept"
    advice = "You can go on working; you will be asked for the key at the next start."


class SettingsNotKept(KeptError):
    """The settings file cannot be read or written."""

    title = "The settings could not be kept"
    advice = "You can go on working; what you changed is forgotten at the next start."


class PolicyError(KeptError):
    """Something that the organisation has set cannot be used; `reason` has a sentence for each: where, what, what is wanted."""

    title = "What your organisation has set cannot all be used"
    advice = "NextCall uses the rest. Show this to your IT support."


class ScenarioError(KeptError):
    """A practice scenario that cannot be read; `reason` names the file and the place in it."""

    title = "This practice cannot begin"
    advice = "Correct the scenario file, or leave it out to practise with the one that comes with NextCall."


class ProfileError(KeptError):
    """A campaign profile that cannot be used; `reason` is one sentence: file, place, what was found and what is wanted."""

    title = "This campaign profile cannot be used"
    advice = "Show this to your team lead: nextcall check-profile FILE tells when the file is right."


class NotesNotRead(KeptError):
    """An export of notes that cannot be taken apart."""

    title = "These notes cannot be unpacked"
    advice = "Save the export as CSV in UTF-8, with a line of column names at its top."


class JournalNotKept(KeptError):
    """The journal cannot be kept on the disk: what the agent enters lives only as long as the program."""

    title = "Your work is not kept on the disk"
    advice = "You can go on working, but a crash would lose what is not stored yet. Show this to your IT support."


class AuditNotKept(KeptError):
    """The audit log cannot be written or read; an act that it cannot take down is not done."""

    title = "The audit log cannot be used"
    advice = "Nothing was done. Show this to your IT support."

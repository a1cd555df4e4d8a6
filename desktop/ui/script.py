"""What the agent says, large and calm enough to be read aloud. Only shows: it opens no link and loads nothing."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextBlockFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextBrowser

_LINE_HEIGHT = 125
"""Per cent."""


class ScriptView(QTextBrowser):
    """The script as it stands now; what has been scrolled stays so when an answer changes it."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Script")
        self.setProperty("role", "script")
        self.setOpenLinks(False)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self._markdown = ""

    def show_script(self, markdown: str) -> None:
        """Show this Markdown, without any HTML in it."""
        if markdown == self._markdown:
            return
        self._markdown = markdown
        bar = self.verticalScrollBar()
        before = bar.value()
        features = QTextDocument.MarkdownFeature
        self.document().setMarkdown(markdown, features.MarkdownDialectGitHub | features.MarkdownNoHTML)
        airy = QTextBlockFormat()
        airy.setLineHeight(_LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.mergeBlockFormat(airy)
        self.setTextCursor(QTextCursor(self.document()))  # Qt leaves it at the end and scrolls there when the window appears
        bar.setValue(before)

    def loadResource(self, _kind: int, _name: QUrl | str) -> object:
        """A picture in a script would be read from the disk or the network: it is not."""
        return None

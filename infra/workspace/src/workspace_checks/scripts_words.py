"""Reads shell text into simple commands: enough of POSIX sh and bash to name every program that is called.

`cd x && A=1 exec inv app.deploy --env staging | tee log` is three commands. Quotes, comments, continuations,
redirections, here-documents, subshells and command substitutions are understood, and so are the expressions
that GitHub fills in (`${{ ... }}`). Nothing is expanded: a word with such a part is `dynamic`. Any text at all
gives an answer; what no shell would accept is read as far as it makes sense.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace

_DEEPEST = 20  # levels of substitution; what is nested deeper is left unread
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=", re.ASCII)
_BEFORE_A_COMMAND = frozenset({"if", "then", "elif", "else", "while", "until", "do", "!", "{", "coproc"})
_AFTER_COMMANDS = frozenset({"fi", "done", "esac", "}"})
_NO_COMMAND = frozenset({"for", "case", "select"})


@dataclass(frozen=True)
class Word:
    """One word, quotes taken off."""

    text: str
    dynamic: bool = False
    """Whether a part of it is filled in when the script runs; that part stands as it is written."""


@dataclass(frozen=True)
class Command:
    """One simple command."""

    line: int
    """Of the text, from 0."""
    words: tuple[Word, ...]
    """The program and what is handed to it; never empty."""
    given: frozenset[str] = frozenset()
    """Names of the variables that are assigned in front of it."""

    @property
    def program(self) -> str:
        """The program's name without its folder: `inv` for `.venv/bin/inv`."""
        return re.split(r"[/\\]", self.words[0].text)[-1].removesuffix(".exe")

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)

    def called(self, words: tuple[Word, ...], given: frozenset[str] = frozenset()) -> Command:
        """The command inside this one, as `inv` is inside `exec inv`."""
        return replace(self, words=words, given=self.given | given)


def commands(text: str) -> list[Command]:
    """Every simple command of a script, in the order of its lines, substitutions included."""
    reader = _Reader(text)
    reader.script("", 0)
    return sorted(reader.found, key=lambda command: command.line)


def assignment(word: str) -> tuple[str, str] | None:
    """Name and value of `NAME=value`, else None."""
    match = _ASSIGNMENT.match(word)
    return (match[1], word[match.end() :]) if match else None


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: list[Command] = []
        self._lines = [index for index, character in enumerate(text) if character == "\n"]
        self._documents: list[tuple[str, bool]] = []

    def script(self, closing: str, depth: int) -> None:
        """Commands up to `closing` (which is read too) or the end of the text."""
        text, line = self.text, _Line(self, self.at)
        subshells = 0
        while self.at < len(text):
            character = text[self.at]
            if character == closing and not subshells:
                self.at += 1
                break
            if character == "\n":
                line.end()
                self.at += 1
                self._skip_documents()
                line.start = self.at
            elif character in " \t\r":
                line.end_word()
                self.at += 1
            elif character == "#" and line.word is None:
                self.at = self._find("\n")
            elif character in "<>" or text.startswith("&>", self.at):
                self._redirection(line, depth)
            elif character == "|":
                line.end(piped=True)
                self.at += 1
            elif character in ";&":
                line.end()
                self.at += 1
            elif character == "(":
                subshells += self._opening(line)
            elif character == ")":
                line.end(discard=not subshells)  # without its opening it ends a pattern of `case`
                subshells = max(0, subshells - 1)
                self.at += 1
            else:
                self._part(line, depth)
        line.end()

    def _part(self, line: _Line, depth: int) -> None:
        """One piece of a word: a character, something quoted, or something that is filled in."""
        text, character = self.text, self.text[self.at]
        if character == "\\":
            following = text[self.at + 1 : self.at + 2]
            if following != "\n":
                line.add(following)
            self.at += 2
        elif character == "'":
            end = self._find("'", self.at + 1)
            line.add(text[self.at + 1 : end])
            self.at = end + 1
        elif character == '"':
            self._quoted(line, depth)
        elif character in "$`":
            self._filled_in(line, depth)
        else:
            line.add(character)
            self.at += 1

    def _opening(self, line: _Line) -> int:
        """`(`: 1 where a subshell begins; the brackets of a function or of an array end at once."""
        if line.word is not None and line.word.endswith("="):
            self.at = self._find(")") + 1
            return 0
        function = re.compile(r"\(\s*\)").match(self.text, self.at)
        line.end(discard=function is not None)
        self.at = function.end() if function else self.at + 1
        return 0 if function else 1

    def _quoted(self, line: _Line, depth: int) -> None:
        line.add("")
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != '"':
            character = self.text[self.at]
            following = self.text[self.at + 1 : self.at + 2]
            if character == "\\" and following in ("$", "`", '"', "\\", "\n"):
                line.add(following.strip("\n"))
                self.at += 2
            elif character in "$`":
                self._filled_in(line, depth)
            else:
                line.add(character)
                self.at += 1
        self.at += 1

    def _filled_in(self, line: _Line, depth: int) -> None:
        """`$NAME`, `${...}`, `${{ ... }}`, `$((...))`, `$(...)` or backquotes; commands inside are read."""
        text, start = self.text, self.at
        for opening, closing in (("${{", "}}"), ("$((", "))"), ("${", "}")):
            if text.startswith(opening, start):
                self.at = min(len(text), self._find(closing, start + len(opening)) + len(closing))
                break
        else:
            if text.startswith("$'", start):
                self.at += 1  # a quoted piece follows, and its escapes do not matter here
                return
            if text[start] == "`" or text.startswith("$(", start):
                closing = "`" if text[start] == "`" else ")"
                self.at += 1 if closing == "`" else 2
                if depth < _DEEPEST:
                    self.script(closing, depth + 1)
                else:
                    self.at = len(text)
            else:
                name = re.compile(r"\$([A-Za-z0-9_]+|[@*#?$!-])?", re.ASCII).match(text, start)
                self.at = name.end() if name else start + 1
        line.add(text[start : self.at], dynamic=self.at > start + 1)

    def _redirection(self, line: _Line, depth: int) -> None:
        """`2>&1`, `>> file`, `<<EOF`, `<(command)`: no words of the command."""
        text = self.text
        if text[self.at] in "<>" and text.startswith("(", self.at + 1):
            self.at += 2
            start = self.at
            if depth < _DEEPEST:
                self.script(")", depth + 1)
            else:
                self.at = len(text)
            line.add(text[start : self.at], dynamic=True)
            return
        if line.word is not None and line.word.isdigit():
            line.word = None  # the number of a stream
        line.end_word()
        operator = re.compile(r"&>>?|<<<|<<-?|<>|[<>]&|>>|>\||[<>]").match(text, self.at)
        sign = operator[0] if operator else ""
        self.at += len(sign) or 1
        line.target = sign

    def note_document(self, delimiter: str, *, indented: bool) -> None:
        self._documents.append((delimiter, indented))

    def _skip_documents(self) -> None:
        """The here-documents that the line just read has announced."""
        while self._documents:
            delimiter, indented = self._documents.pop(0)
            while self.at < len(self.text):
                end = self._find("\n")
                row = self.text[self.at : end]
                self.at = end + 1
                if (row.lstrip("\t") if indented else row) == delimiter:
                    break
        self.at = min(self.at, len(self.text))

    def _find(self, sought: str, start: int | None = None) -> int:
        found = self.text.find(sought, self.at if start is None else start)
        return len(self.text) if found < 0 else found

    def line_of(self, position: int) -> int:
        return bisect_right(self._lines, position - 1)


class _Line:
    """The command that is being read."""

    def __init__(self, reader: _Reader, start: int) -> None:
        self.reader = reader
        self.start = start
        self.word: str | None = None
        self.dynamic = False
        self.target = ""  # the redirection whose target is read next
        self.words: list[Word] = []
        self.piped = len(reader.found)  # where the pipe begins that this command may be in

    def add(self, text: str, *, dynamic: bool = False) -> None:
        if self.word is None:
            self.word = ""
            if not self.words and not self.target:
                self.start = self.reader.at
        self.word += text
        self.dynamic = self.dynamic or dynamic

    def end_word(self) -> None:
        if self.word is None:
            return
        if self.target.startswith("<<") and self.target != "<<<":
            self.reader.note_document(self.word, indented=self.target == "<<-")
        elif not self.target:
            self.words.append(Word(self.word, self.dynamic))
        self.word, self.dynamic, self.target = None, False, ""

    def end(self, *, discard: bool = False, piped: bool = False) -> None:
        self.end_word()
        found = self.reader.found
        words, self.words, self.target = self.words, [], ""
        if words and words[0].text == "function":
            del words[:2]
        while words and words[0].text in _BEFORE_A_COMMAND | _AFTER_COMMANDS:
            words.pop(0)
        given = set[str]()
        while words and (pair := assignment(words[0].text)):
            given.add(pair[0])
            words.pop(0)
        if discard:
            del found[self.piped :]  # `a|b)` is a pattern as a whole
        elif words and words[0].text not in _NO_COMMAND:
            found.append(Command(self.reader.line_of(self.start), tuple(words), frozenset(given)))
        self.piped = self.piped if piped else len(found)

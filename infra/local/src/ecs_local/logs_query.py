"""Queries of CloudWatch Logs Insights, so far as our own dashboard asks any: read into steps over rows. Pure.

    SOURCE 'group' | filter A="x" and B like /y/ | parse @logStream "*/*" as a, b | stats latest(C) as c by D
    | sort c desc | limit 100 | fields or display E, F

Source: CloudWatch Logs user guide, "CloudWatch Logs Insights query syntax". Anything else is refused, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ecs_local.logs_query_rows import AGGREGATES, Row, aggregated, compared, ordered

Step = Callable[[list[Row]], list[Row]]
Holds = Callable[[Row], bool]

_MOST = 10_000  # rows, where no limit is given
_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|/(?P<pattern>(?:[^/\\]|\\.)+)/"
    r"|(?P<mark>\||,|\(|\)|!=|<=|>=|=|<|>|\*)|(?P<word>@?[\w.-]+|`[^`]+`))"
)
_COMPARED = ("=", "!=", "<", "<=", ">", ">=")


class QueryError(ValueError):
    """A query that cannot be read, or asks for more than is known here; the text says why."""


class Query(NamedTuple):
    """A query: `source` is the log group that it names itself, `columns` what it shows, in order."""

    source: str
    steps: tuple[Step, ...]
    columns: tuple[str, ...]

    def rows(self, events: list[Row]) -> list[Row]:
        """What it finds in these events, newest first unless it sorts."""
        found = sorted(events, key=lambda row: int(row["@timestamp"]), reverse=True)
        for step in self.steps:
            found = step(found)
        return [{name: row[name] for name in self.columns if row.get(name) is not None} for row in found]


class _Token(NamedTuple):
    kind: str
    text: str


def read(text: str, most: int = _MOST) -> Query:
    """The query. `most`: rows, unless it says another limit. Raises `QueryError`."""
    return _Reader(text, most).query()


class _Reader:
    def __init__(self, text: str, most: int) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._most = most
        self._source = ""
        self._columns: list[str] = []
        self._shown: list[str] = []

    def query(self) -> Query:
        steps: list[Step] = []
        commands: dict[str, Callable[[], Step | None]] = {
            "source": self._read_source,
            "fields": self._fields,
            "display": self._display,
            "filter": self._filter,
            "parse": self._parse,
            "stats": self._stats,
            "sort": self._sort,
            "limit": self._limit,
        }
        while True:
            name = self._word()
            if name.lower() not in commands:
                raise QueryError(f"the command {name} is not known here")
            step = commands[name.lower()]()
            if step is not None:
                steps.append(step)
            if self._at == len(self._tokens):
                break
            self._mark("|")
        most = self._most
        steps.append(lambda rows: rows[:most])
        columns = self._shown or self._columns or ["@timestamp", "@message"]
        return Query(self._source, tuple(steps), tuple(dict.fromkeys(columns)))

    def _read_source(self) -> None:
        self._source = self._next("text").text

    def _fields(self) -> None:
        self._columns += self._names()

    def _display(self) -> None:
        self._shown = self._names()

    def _limit(self) -> None:
        number = self._word()
        if not number.isdigit() or not 0 < int(number) <= _MOST:
            raise QueryError(f"limit {number} is no number from 1 to {_MOST}")
        self._most = int(number)

    def _sort(self) -> Step:
        keys = []
        while True:
            name, way = self._word(), self._word().lower()
            if way not in ("asc", "desc"):
                raise QueryError(f"sort {name}: say asc or desc")
            keys.append((name, way == "desc"))
            if not self._took(","):
                return lambda rows: ordered(rows, keys)

    def _parse(self) -> Step:
        name = "@message" if self._peek().kind == "text" else self._word()
        glob = self._next("text").text
        self._keyword("as")
        names = self._names()
        if glob.count("*") != len(names):
            raise QueryError(f"parse has {glob.count('*')} stars and {len(names)} names")
        pieces = [re.escape(piece) for piece in glob.split("*")]
        expression = re.compile("(.*?)".join(pieces) + ("$" if glob.endswith("*") else ""), re.DOTALL)

        def step(rows: list[Row]) -> list[Row]:
            for row in rows:
                match = expression.search(str(row.get(name, "")))
                row.update(zip(names, match.groups(), strict=True) if match else ())
            return rows

        return step

    def _stats(self) -> Step:
        wanted = []
        while True:
            function = self._word().lower()
            if function not in AGGREGATES:
                raise QueryError(f"the function {function} is not known here")
            self._mark("(")
            field = "*" if self._took("*") else self._word()
            if field == "*" and function != "count":
                raise QueryError(f"{function}({field}) is not known here")
            self._mark(")")
            alias = self._word() if self._keyword("as", needed=False) else f"{function}({field})"
            wanted.append((alias, function, field))
            if not self._took(","):
                break
        by = self._names() if self._keyword("by", needed=False) else []
        self._columns = [*by, *(alias for alias, _, _ in wanted)]
        self._shown = []
        return lambda rows: aggregated(rows, wanted, by)

    def _filter(self) -> Step:
        holds = self._either()
        return lambda rows: [row for row in rows if holds(row)]

    def _either(self) -> Holds:
        options = [self._both()]
        while self._keyword("or", needed=False):
            options.append(self._both())
        return lambda row: any(one(row) for one in options)

    def _both(self) -> Holds:
        parts = [self._one()]
        while self._keyword("and", needed=False):
            parts.append(self._one())
        return lambda row: all(one(row) for one in parts)

    def _one(self) -> Holds:
        if self._took("("):
            inner = self._either()
            self._mark(")")
            return inner
        name = self._word()
        if self._keyword("like", needed=False):
            return self._like(name)
        token = self._next("mark")
        if token.text not in _COMPARED:
            raise QueryError(f"{token.text} compares nothing")
        value = self._any("text", "word").text
        return lambda row: compared(row.get(name), token.text, value)

    def _like(self, name: str) -> Holds:
        token = self._any("pattern", "text")
        try:
            found = re.compile(re.escape(token.text) if token.kind == "text" else token.text)
        except re.error as error:
            raise QueryError(f"/{token.text}/ is no regular expression: {error}") from None
        return lambda row: name in row and found.search(str(row[name])) is not None

    def _names(self) -> list[str]:
        names = [self._word()]
        while self._took(","):
            names.append(self._word())
        return names

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _Token("end", "the end")

    def _any(self, *kinds: str) -> _Token:
        token = self._peek()
        if token.kind not in kinds:
            raise QueryError(f"{token.text} is not expected there")
        self._at += 1
        return token

    def _next(self, kind: str) -> _Token:
        return self._any(kind)

    def _word(self) -> str:
        return self._next("word").text

    def _mark(self, text: str) -> None:
        if not self._took(text):
            raise QueryError(f"{text} is expected before {self._peek().text}")

    def _took(self, text: str) -> bool:
        taken = self._peek() == _Token("mark", text)
        self._at += taken
        return taken

    def _keyword(self, text: str, *, needed: bool = True) -> bool:
        taken = self._peek().kind == "word" and self._peek().text.lower() == text
        if needed and not taken:
            raise QueryError(f"{text} is expected before {self._peek().text}")
        self._at += taken
        return taken


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise QueryError(f"what begins with {text[at : at + 20]!r} cannot be read")
        value = match[match.lastgroup]
        if match.lastgroup == "text":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        elif match.lastgroup == "pattern":
            value = value.replace("\\/", "/")
        yield _Token(match.lastgroup, value.strip("`") if match.lastgroup == "word" else value)
        at = match.end()

"""The text of `--rep`: '4*V + Scalar -> V*V.T'."""

from __future__ import annotations

import re

from ..errors import InputError
from .rep import Rep, Scalar, T, V

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+)|(?P<name>V\d*|T|Scalar)(?![A-Za-z0-9_])"
    r"|(?P<symbol>->|>>|→|\*\*|\.T(?![A-Za-z0-9_])|[-+*^(),⊗⊕]))"
)
SAME = {"→": "->", ">>": "->", "^": "**", "⊗": "*", "⊕": "+"}
MOST_COPIES = 1_000_000
MOST_FACTORS = 64


def parse_rep(text: str) -> Rep:
    """A representation from its text.

    Letters: `V` (or `V1`, `V2`, ... for the groups of a product and the blocks of a result), `Scalar`, `T(p, q)`;
    `.T` dual, `*` tensor product or number of copies, `**` or `^` power, `+` direct sum, `->` or `>>` maps.

    Raises:
        InputError: what cannot be read, and where.
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, place = text, [], 0
        stripped = text.rstrip()
        while place < len(stripped):
            match = TOKEN.match(stripped, place)
            if match is None:
                raise self._error(place, "expected V, V1, V2, .., Scalar, T(p, q), a number or one of + * ** .T -> ( )")
            place = match.end()
            word = match[match.lastgroup or 0]
            self.tokens.append((match.start(match.lastgroup or 0), match.lastgroup, SAME.get(word, word)))
        self.next = 0

    def parse(self) -> Rep:
        source = self._sum()
        if not self._take("->"):
            return self._finished(source)
        return self._finished(source >> self._sum())

    def _finished(self, rep: Rep) -> Rep:
        if self.next < len(self.tokens):
            raise self._error(self._place(), "expected an operator: + * ** .T or one ->")
        return rep

    def _sum(self) -> Rep:
        total = self._product()
        while self._take("+"):
            total = total + self._product()
        return total

    def _product(self) -> Rep:
        place = self._place()
        copies, rep = 1, None
        while True:
            if self._kind() == "number":
                copies *= self._number()
            else:
                rep = self._power() if rep is None else rep * self._power()
                if len(rep._factors()) > MOST_FACTORS:
                    raise self._error(place, f"more than {MOST_FACTORS} factors")
            if not self._take("*"):
                break
        if not 1 <= copies <= MOST_COPIES:
            raise self._error(place, f"a number of copies is 1 to {MOST_COPIES}")
        return copies * (Scalar if rep is None else rep)

    def _power(self) -> Rep:
        rep = self._atom()
        while True:
            if self._take(".T"):
                rep = rep.T
            elif self._take("**"):
                place = self._place()
                power = self._number()
                if power > MOST_FACTORS:
                    raise self._error(place, f"a power is at most {MOST_FACTORS}")
                rep = rep**power
            else:
                return rep

    def _atom(self) -> Rep:
        place, kind, word = self._peek()
        if kind == "name":
            self.next += 1
            if word == "Scalar":
                return Scalar
            if word == "T":
                return self._tensor()
            if word != "V" and int(word[1:]) == 0:
                raise self._error(place, "blocks are counted from V1")
            return V if word == "V" else V[int(word[1:])]
        if self._take("("):
            rep = self._sum()
            self._expect(")")
            return rep
        raise self._error(place, "expected V, V1, V2, .., Scalar, T(p, q) or (")

    def _tensor(self) -> Rep:
        self._expect("(")
        place = self._place()
        p, q = self._number(), 0
        if self._take(","):
            q = self._number()
        self._expect(")")
        if p + q > MOST_FACTORS:
            raise self._error(place, f"at most {MOST_FACTORS} indices")
        return T(p, q)

    def _number(self) -> int:
        place, kind, word = self._peek()
        if kind != "number" or len(word) > 9:
            raise self._error(place, "expected a number")
        self.next += 1
        return int(word)

    def _peek(self) -> tuple[int, str | None, str]:
        return self.tokens[self.next] if self.next < len(self.tokens) else (len(self.text), None, "")

    def _place(self) -> int:
        return self._peek()[0]

    def _kind(self) -> str | None:
        return self._peek()[1]

    def _take(self, symbol: str) -> bool:
        if self._peek()[2] != symbol:
            return False
        self.next += 1
        return True

    def _expect(self, symbol: str) -> None:
        if not self._take(symbol):
            raise self._error(self._place(), f"expected {symbol}")

    def _error(self, place: int, why: str) -> InputError:
        rest = self.text[place:].strip()
        where = f"at {rest[:20]!r}" if rest else "at its end"
        return InputError(f"representation {self.text!r}: {why}, {where}")

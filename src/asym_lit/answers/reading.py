"""LaTeX expressions read into trees: a small grammar of numbers, names, operations and functions."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from asym_lit.answers.tokens import FUNCTIONS, NAMED, UnreadableError, number, tokens_of

Tree = tuple  # ("number", Fraction) | ("name", str) | (operation, Tree, ...)

LONGEST, DEEPEST = 800, 40
LOG_BASE = "\\log"
"""A name for the base of a logarithm without one: 10 or e; what is equal is so with both."""


@lru_cache(maxsize=8192)
def read_expression(text: str) -> Tree:
    """The tree of an expression.

    Raises:
        UnreadableError: If it is none, or too long or deep.
    """
    if not text or len(text) > LONGEST:
        raise UnreadableError(text[:40])
    reader = _Reader(tokens_of(text))
    tree = reader.sum()
    if reader.position != len(reader.tokens):
        raise UnreadableError(text[:40])
    return tree


class _Reader:
    """Recursive descent over tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.position, self.depth = tokens, 0, 0

    @property
    def next(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        if not self.next:
            raise UnreadableError("end")
        self.position += 1
        return self.tokens[self.position - 1]

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise UnreadableError(token)

    def sum(self) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST:
            raise UnreadableError("depth")
        sign = self.take() if self.next in ("+", "-") else "+"
        tree = self.product()
        if sign == "-":
            tree = ("neg", tree)
        while self.next in ("+", "-"):
            tree = ("add" if self.take() == "+" else "sub", tree, self.product())
        self.depth -= 1
        return tree

    def product(self) -> Tree:
        tree = self.signed()
        while True:
            if self.next in ("*", "\\cdot", "\\times"):
                self.take()
                tree = ("mul", tree, self.signed())
            elif self.next in ("/", ":"):
                self.take()
                tree = ("div", tree, self.signed())
            elif self.next and self._begins_factor():
                tree = self._joined(tree)
            else:
                return tree

    def _joined(self, left: Tree) -> Tree:
        """What stands side by side: a product, if the right one is a name or a bracket; 2 5/7 is mixed; else nothing."""
        whole = left[1] if left[0] == "number" else None
        if self.next[0].isdecimal() or self.next[0] == ".":
            parts = self.tokens[self.position : self.position + 3]
            if whole is None or len(parts) < 3 or parts[1] != "/" or not (parts[0].isdecimal() and parts[2].isdecimal()):
                raise UnreadableError("numbers side by side")
            self.position += 3
            return self._mixed(left, Fraction(int(parts[0]), int(parts[2]) or 1))
        begins = self.next
        right = self.power()
        if begins == "\\frac" and whole is not None and right[0] == "div" and all(p[0] == "number" for p in right[1:]):
            return self._mixed(left, right[1][1] / (right[2][1] or 1))
        return ("mul", left, right)

    def _mixed(self, left: Tree, share: Fraction) -> Tree:
        if left[1].denominator != 1 or not 0 < share < 1 or self.next in ("^", "/", ":", "!"):
            raise UnreadableError("no mixed number")
        return ("mixed", left, ("number", share))

    def _begins_factor(self) -> bool:
        token = self.next
        if (
            token[0].isalpha()
            or token[0].isdecimal()
            or token[0] == "."
            or token in ("(", "\\pi", "\\frac", "\\sqrt", "\\binom")
        ):
            return True
        return token in NAMED or token[1:] in FUNCTIONS

    def signed(self) -> Tree:
        negative = False
        while self.next in ("+", "-"):
            negative ^= self.take() == "-"
        tree = self.power()
        return ("neg", tree) if negative else tree

    def power(self) -> Tree:
        tree = self.postfixed(self.primary())
        if self.next == "^":
            self.take()
            exponent = self.argument()
            if tree[0] == "name" and self.next == "_":  # v^2_0 is v_0^2
                tree = self.name(tree[1])
            tree = self.postfixed(("pow", tree, exponent))
        return tree

    def postfixed(self, tree: Tree) -> Tree:
        while self.next in ("!", "%", "\\%", "\\degree"):
            if self.tokens[self.position : self.position + 2] == ["!", "!"]:
                raise UnreadableError("!!")
            tree = ({"!": "factorial", "\\degree": "degree"}.get(self.take(), "percent"), tree)
        return tree

    def argument(self, command: str = "") -> Tree:
        r"""What a command or `^` takes: a group, or one factor; x^10 and \sqrt10 are meant as x^{10} and \sqrt{10}."""
        if self.next == "{":
            return self.group("{", "}")
        if self.next == "-" and self.take():
            return ("neg", self.argument(command))
        if command == "\\frac" and self.next.isdecimal() and len(self.next) > 1:
            self.tokens[self.position : self.position + 1] = [self.next[0], self.next[1:]]  # \frac12, as LaTeX reads it
        return self.primary()

    def group(self, opening: str, closing: str) -> Tree:
        self.expect(opening)
        tree = self.sum()
        self.expect(closing)
        return tree

    def primary(self) -> Tree:
        token = self.take()
        if token[0].isdecimal() or (token[0] == "." and len(token) > 1):
            return ("number", number(token))
        if token in ("(", "{", "["):
            self.position -= 1
            return self.group(token, {"(": ")", "{": "}", "[": "]"}[token])
        if token == "|":
            tree = self.sum()
            self.expect("|")
            return ("abs", tree)
        if token in ("\\pi", "\\infty"):
            return ("constant", token)
        if token == "\\frac":
            return ("div", self.argument(token), self.argument(token))
        if token == "\\binom":
            return ("binom", self.argument(), self.argument())
        if token == "\\sqrt":
            if self.next == "[":
                index = self.group("[", "]")
                return ("root", self.argument(), index)
            return ("sqrt", self.argument())
        if token[1:] in FUNCTIONS and token[0] == "\\":
            return self.function(token[1:])
        if token == "\\Gamma" and self.next == "(":
            return ("gamma", self.group("(", ")"))
        if (
            self.next == "("
            and (token in "fgh" or token.isupper())
            and self.tokens[self.position + 2 : self.position + 3] == [")"]
        ):
            raise UnreadableError("a function")  # F(x); but R(R+h) is a product
        if (len(token) == 1 and token.isascii() and token.isalpha()) or token in NAMED:
            return self.name(token)
        raise UnreadableError(token)

    def name(self, token: str) -> Tree:
        """A name with its subscript, if it has one, and primes."""
        if self.next == "_":
            self.take()
            if self.next == "{":
                start = self.position
                while self.take() != "}":
                    pass
                token += "_" + "".join(self.tokens[start + 1 : self.position - 1])
            else:
                token += "_" + self.take()
        while self.next == "'":
            token += self.take()
        return ("constant", token) if token in ("e", "i") else ("name", token)

    def function(self, name: str) -> Tree:
        base: Tree = ("number", Fraction(10)) if name == "lg" else ("name", LOG_BASE)
        exponent = None
        if self.next == "_" and name == "log":
            self.take()
            base = self.argument()
        if self.next == "^":
            self.take()
            exponent = self.argument()
        inner = self.group("(", ")") if self.next == "(" else self.function_argument()
        tree: Tree = ("log", inner, base) if name in ("log", "lg") else (name, inner)
        return ("pow", tree, exponent) if exponent else tree

    def function_argument(self) -> Tree:
        """Without brackets, a function takes the product that follows, up to the next function."""
        tree = self.power()
        while self.next and self._begins_factor() and self.next[1:] not in FUNCTIONS and self.next != "(":
            tree = ("mul", tree, self.power())
        return tree

import pytest
from graphql import parse

from schema.errors import QueryTooComplexError
from schema.limits import Limits, check

LIMITS = Limits(depth=3, aliases=2, fields=10, repetitions=3, letters=20)


@pytest.mark.parametrize(
    ("document", "measure"),
    [
        ("{ a { b { c { d } } } }", "depth"),
        ("{ ...F } fragment F on Query { a { b { c { d } } } }", "depth"),
        ("{ ... on Query { a { ... { b { c { d } } } } } }", "depth"),
        ("{ x: a y: a z: a }", "aliases"),
        ("{ ...F ...F ...F } fragment F on Query { x: a }", "aliases"),
        ("{ a a a a a a a a a a a }", "fields"),
        ("{ a } fragment Unused on Query { a a a a a a a a a a a }", "fields"),
        ("{ a a a a }", "repetitions"),
        ("{ a(x: 1) a(x: 2) b a(x: 3) a(x: 4) }", "repetitions"),
        ("{ a { b } a { b b } ... { a { b } } }", "repetitions"),
        ("{ a a ...F } fragment F on Query { a ...G } fragment G on Query { a }", "repetitions"),
        ("{ a } fragment Unused on Query { a a a a }", "repetitions"),
        ("{ " + "a" * 21 + " }", "letters"),
        ("{ a(x: " + "9" * 21 + ") }", "letters"),
        ("{ a } " + "fragment F on Query { a } " * 100, "definitions"),
    ],
)
def test_too_large_a_document_is_refused_by_the_measure_it_exceeds(document: str, measure: str) -> None:
    with pytest.raises(QueryTooComplexError, match=measure):
        check(parse(document), LIMITS)


def test_what_is_within_every_limit_passes() -> None:
    check(parse("{ x: a { b { c } } y: a }"), LIMITS)


def test_fragments_that_double_each_other_are_counted_without_being_spread() -> None:
    doubling = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))

    with pytest.raises(QueryTooComplexError, match="fields"):
        check(parse(f"{{ ...F0 }} {doubling} fragment F60 on Query {{ a }}"), LIMITS)


def test_fragments_in_a_circle_are_left_to_validation() -> None:
    check(parse("{ ...A } fragment A on Query { a ...B } fragment B on Query { ...A }"), LIMITS)


def test_an_unknown_fragment_is_left_to_validation() -> None:
    check(parse("{ ...Nowhere }"), LIMITS)


def test_texts_and_comments_may_be_longer_than_words() -> None:
    check(parse('{ a(x: "' + "x" * 100 + '") } #' + "x" * 100), LIMITS)


def test_the_same_name_in_several_places_is_no_repetition() -> None:
    check(parse("{ a { b } c { b } d { b } e { b } }"), LIMITS)

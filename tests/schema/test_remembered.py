from schema.remembered import Remembered


def test_what_was_kept_is_known_by_its_text() -> None:
    remembered: Remembered[int] = Remembered(most_characters=100)
    remembered.keep("{ me }", 1)

    assert remembered.get("{ me }") == 1
    assert remembered.get("{ you }") is None


def test_what_was_used_longest_ago_makes_room() -> None:
    remembered: Remembered[int] = Remembered(most_characters=20)
    for number in range(10):
        remembered.keep(f"0{number}", number)
    remembered.get("00")
    remembered.keep("10", 10)

    assert remembered.get("00") == 0
    assert remembered.get("01") is None
    assert len(remembered) == 10


def test_a_text_that_would_take_much_of_the_room_is_not_kept() -> None:
    remembered: Remembered[int] = Remembered(most_characters=100)
    remembered.keep("x" * 11, 1)

    assert len(remembered) == 0

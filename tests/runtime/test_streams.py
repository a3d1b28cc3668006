from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.runtime.streams import LONGEST, Epoch, LineFolder, epochs, fold, seconds_per_epoch


def read(*chunks: bytes) -> str:
    folder = LineFolder()
    return "".join(map(folder.feed, chunks)) + folder.flush()


def test_a_progress_bar_is_folded_to_what_it_showed_last() -> None:
    assert read(b"\r 10%", b"\r 50%", b"\r100%\ndone\n") == "100%\ndone\n"


def test_a_bar_that_ends_its_line_with_a_carriage_return_keeps_its_text() -> None:
    assert fold("10%\r100%\r") == "100%"
    assert fold("\r\r") == ""


def test_windows_line_ends_are_line_ends() -> None:
    assert read(b"one\r", b"\ntwo\r\n") == "one\ntwo\n"


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert read(b"caf\xe9\n", "é".encode()[:1], "é".encode()[1:]) == "caf�\né"


def test_a_line_without_an_end_does_not_grow_for_ever() -> None:
    folder = LineFolder()
    assert len(folder.feed(b"x" * (LONGEST + 1))) == LONGEST + 1
    assert folder.flush() == ""
    assert folder.feed(b"\rbar" * LONGEST) == ""
    assert folder.flush() == "bar"


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_how_the_bytes_arrive_changes_nothing(chunks: list[bytes]) -> None:
    assert read(*chunks) == read(b"".join(chunks))


@given(st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])))
def test_text_without_carriage_returns_stays_as_it_is(text: str) -> None:
    assert read(f"{text}\n".encode()) == f"{text}\n"


def test_epochs_are_read_from_what_libraries_print() -> None:
    text = "Epoch 7/20\n[Epoch 8 of 20]\nepoch: 9, loss 0.3\nEpoch [10/20]\nbest epoch 3\nepoch 0.5\nepochs 4\n"
    assert epochs(text) == [(7, 20), (8, 20), (9, None), (10, 20)]
    assert epochs("nothing here 1/2") == []


def test_epochs_are_read_from_bars_and_from_what_trainers_log() -> None:
    assert epochs("Epoch:  35%|███▌      | 7/20 [00:10<00:20,  1.5s/it]") == [(7, 20)]
    assert epochs("epochs: 100%|█| 20/20 [00:01<00:00]") == [(20, 20)]
    assert epochs("Epoch 3: 100%|██████| 50/50 [00:01<00:00, 30it/s, loss=0.1]") == [(3, None)]
    assert epochs("Epoch: 35%") == []
    assert epochs("{'loss': 0.69, 'epoch': 0.5}\n{'eval_loss': '0.6', 'epoch': '2'}") == [(1, None), (2, None)]
    assert epochs("{'loss': 0.69, 'epoch': 1.0}\n{'epoch': 3.02}\n{'epoch': 'last'}") == [(1, None), (4, None)]


def told(cell: int, *numbers_and_times: tuple[int, float]) -> list[Epoch]:
    return [Epoch(cell, number, time) for number, time in numbers_and_times]


def test_what_an_epoch_takes_is_between_two_that_were_told_of() -> None:
    assert seconds_per_epoch(told(1, (1, 10), (2, 12), (3, 14), (4, 99))) == 2
    assert seconds_per_epoch(told(1, (10, 0), (20, 25), (30, 50))) == 2.5
    assert seconds_per_epoch([]) is None
    assert seconds_per_epoch(told(1, (1, 10))) is None


def test_what_lies_between_two_trainings_is_no_epoch() -> None:
    assert seconds_per_epoch(told(1, (1, 0), (2, 1), (1, 50), (2, 51))) == 1
    assert seconds_per_epoch([*told(1, (1, 0)), *told(2, (2, 70))]) is None

import gc
import subprocess
import sys

import pytest

from alekseylearn.collecting import uncollected


def test_cycles_are_not_looked_for_meanwhile_and_again_afterwards():
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_inside_turns_it_on_again():
    with pytest.raises(KeyError), uncollected():
        raise KeyError
    assert gc.isenabled()


def test_who_turned_it_off_finds_it_off():
    code = "import gc; gc.disable()\nfrom alekseylearn.collecting import uncollected\nwith uncollected(): pass\n"
    done = subprocess.run([sys.executable, "-c", f"{code}raise SystemExit(gc.isenabled())"], check=False)
    assert done.returncode == 0


def test_what_was_made_meanwhile_counts_as_old() -> None:
    with uncollected():
        made: list[object] = []
    assert any(one is made for one in gc.get_objects(generation=2))


def test_who_has_frozen_objects_keeps_them_frozen() -> None:
    gc.freeze()
    try:
        with uncollected():
            pass
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()

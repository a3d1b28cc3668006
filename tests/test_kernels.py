"""Which language a notebook is written in, told by it or by the name of its kernel."""

from __future__ import annotations

from typing import Any

import pytest

from alekseylearn.errors import InputError
from alekseylearn.kernels import read_kernel


def language(metadata: Any) -> str:
    return read_kernel("a.ipynb", {"metadata": metadata}).language


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ir", "r"),
        ("conda-env-stats-r", "r"),
        ("julia-1.11", "julia"),
        ("scala213", "scala"),
        ("spylon-kernel", "scala"),
        ("deno", "javascript"),
        ("bash", "bash"),
        ("xcpp20", "c++"),
        (".net-fsharp", "f#"),
        ("gophernotes", "go"),
        ("Octave", "another language"),
        ("python3", "python"),
        ("conda-env-ml-py", "python"),
        ("fair", "python"),
        ("my-r-work", "python"),
        ("", "python"),
    ],
)
def test_a_kernel_that_tells_no_language_is_known_by_its_name(name: str, expected: str) -> None:
    assert language({"kernelspec": {"name": name, "display_name": "What it is called"}}) == expected


def test_what_a_notebook_tells_goes_before_the_name_of_its_kernel() -> None:
    spec = {"name": "ir", "language": "python3"}
    assert language({"kernelspec": spec}) == "python"
    assert language({"kernelspec": spec, "language_info": {"name": "scala"}}) == "scala"
    assert language({"kernelspec": {"name": None}, "language_info": {"name": None}}) == "python"


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": {}}},
        {"kernelspec": {"language": 5}},
        {"kernelspec": {"display_name": ["R"]}},
        {"language_info": {"name": True}},
    ],
)
def test_names_that_are_no_text_are_no_notebook(metadata: Any) -> None:
    with pytest.raises(InputError, match="not text") as caught:
        language(metadata)
    assert caught.value.slug == "nb.schema"

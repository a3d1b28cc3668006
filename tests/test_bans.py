"""What could run foreign code, forge a path or wait for ever stands nowhere, or in one place that has a reason for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bans import BANS, FORGING, lines

ROOT = Path(__file__).parents[1]
OURS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*(ROOT / "alekseylearn").rglob("*.py"), *(ROOT / "action").rglob("*.py"))
    # What runs in the job runs the notebook's own code: there is no foreign code there to keep out.
    if "runtime" not in path.parts
)
ALLOWED = {
    "replacing": {"alekseylearn/run_folder.py": "a job, with the environment that is handed over"},
    "yaml": {"alekseylearn/strict.py": "a SafeLoader that is stricter, after limits on size, depth and anchors"},
    "pickles": {"alekseylearn/live_loading.py": "a person asks for it, of a model of their own, and is warned"},
    "asked": {
        "alekseylearn/cli/__init__.py": "a command's module, by a name from our own table",
        "alekseylearn/live_loading.py": "safetensors for the library that is there",
    },
    "code": {"alekseylearn/meaning.py": "a cell is compiled to see whether it can be, and never run"},
    "nbdime": {"alekseylearn/alignment.py": "its algorithm, on objects in memory"},
}


@pytest.mark.parametrize("ban", BANS)
def test_what_is_banned_stands_where_there_is_a_reason_and_nowhere_else(ban: str) -> None:
    found = {path for path in OURS if lines(ban, (ROOT / path).read_text("utf-8"))}
    assert found == {*ALLOWED.get(ban, {})}


def test_no_workflow_hands_variables_or_programs_to_later_steps() -> None:
    texts = [*(ROOT / ".github").rglob("*.yml"), ROOT / "action.yml", ROOT / "docs" / "recipes.md"]
    assert [path for path in texts if any(name in path.read_text("utf-8") for name in FORGING)] == []


FOUND = {
    "shells": [
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import subprocess as s\ns.Popen(['ls'], shell=yes)",
        "from subprocess import check_output as out\nout(f'ls {folder}')",
        "import subprocess\nsubprocess.run('ls ' + folder)",
        "import subprocess\nsubprocess.call('ls {}'.format(folder))",
        "import subprocess\nsubprocess.run(['sh', '-c', f'ls {folder}'])",
        "import subprocess\nsubprocess.run(['/bin/bash', '-ec', script])",
        "import os\nos.system('ls')",
        "from os import system\nsystem('ls')",
        "from os import popen as p\nwith p('ls') as said: pass",
        "import os\nrun = os.system\nrun('ls')",
        "import os\nfirst = os\nsecond = first.system\nthird = second\nthird('ls')",
        "import os\ngetattr(os, 'system')('ls')",
        "import os\nos.__dict__['system']('ls')",
        "__import__('os').system('ls')",
        "import importlib\nimportlib.import_module('os').system('ls')",
        "import asyncio\nasyncio.create_subprocess_shell('ls')",
        "import pty\npty.spawn('sh')",
        "import subprocess\nsubprocess.getoutput('ls')",
        "map(os_system, ['ls'])\nfrom os import system as os_system",
        "self.runner.start(words, shell=True)",
        "import os\n(o := os).system('ls')",
        "import os\na, o = 1, os\no.popen('ls')",
        "import os\no: object = os\no.system('ls')",
        "import os\nvars(os)['system']('ls')",
        "import sys\nsys.modules['os'].system('ls')",
        "import subprocess\nfrom functools import partial\npartial(subprocess.getoutput, 'ls')()",
    ],
    "replacing": ["import os\nos.execvp('ls', ['ls'])", "from os import spawnl", "import os\nos.posix_spawn(a, b, c)"],
    "unpacking": [
        "import tarfile\ntarfile.open(a).extractall(b, filter='data')",
        "archive.extract(member)",
        "import zipfile\nwith zipfile.ZipFile(a) as z: z.extractall()",
        "import shutil\nshutil.unpack_archive(a, b)",
        "from shutil import unpack_archive as u\nu(a)",
    ],
    "yaml": [
        "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)",
        "from yaml import unsafe_load as load\nload(text)",
        "import yaml as y\ny.full_load_all(text)",
        "from yaml import CLoader",
        "import yaml\nclass Own(yaml.Loader): pass",
    ],
    "pickles": [
        "import pickle",
        "import pickle as p",
        "from pickle import loads",
        "from cloudpickle import load as read",
        "def late():\n    from joblib import load",
        "import torch\ntorch.load(path, weights_only=True)",
        "import pandas as pd\npd.read_pickle(path)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "import importlib\nimportlib.import_module('pickle')",
        "__import__('marshal')",
        "from multiprocessing.reduction import ForkingPickler",
    ],
    "code": [
        "eval(text)",
        "exec(text)",
        "import builtins\nbuiltins.exec(text)",
        "from builtins import eval as e\ne(text)",
        "run = eval\nrun(text)",
        "exec(compile(text, '', 'exec'))",
        "__import__(name)",
        "import runpy\nrunpy.run_path(path)",
        "from types import FunctionType",
        "map(eval, texts)",
        "__builtins__['eval'](text)",
    ],
    "asked": [
        "import os\ngetattr(os, 'sys' + 'tem')",
        "import subprocess as s\ngetattr(s, name)",
        "import importlib\nimportlib.import_module(name)",
        "from importlib import import_module as load\nload(f'{a}.b')",
        "from os import *",
    ],
    "guessed": ["import tempfile\ntempfile.mktemp()", "from tempfile import mktemp as name\nname()"],
    "endless": [
        "import requests\nrequests.get(address)",
        "from requests import post\npost(address, timeout=None)",
        "import requests\nrequests.Session().get(address)",
        "self.session.request('GET', address)",
        "import urllib.request\nurllib.request.urlopen(address)",
        "from urllib.request import urlopen as u\nu(address)",
        "from http.client import HTTPSConnection\nHTTPSConnection('a')",
        "import socket\nsocket.create_connection(address)",
    ],
    "unverified": [
        "session.get(address, timeout=1, verify=False)",
        "session.verify = False",
        "import ssl\nssl._create_unverified_context()",
        "context.check_hostname = False",
        "import urllib3\nurllib3.disable_warnings()",
    ],
    "weak": [
        "import hashlib\nhashlib.md5(data)",
        "from hashlib import sha1 as sha\nsha(data)",
        "import hashlib\nhashlib.new('md5', data)",
        "import hashlib\nhashlib.sha1(data, usedforsecurity=True)",
    ],
    "chance": ["import random", "from uuid import uuid4", "import uuid as u\nu.uuid4()"],
    "nbdime": ["from nbdime.diffing import diff", "import git", "import nbdime as n"],
    "forging": ["open(os.environ['GITHUB_ENV'], 'a')", "name = 'GITHUB_PATH'"],
}
FINE = {
    "shells": "import subprocess\nsubprocess.run(['ls', folder], shell=False)\nsubprocess.run(command)\nre.run('x')",
    "unpacking": "archive.extractfile(member)\nextract = 1",
    "yaml": "import yaml\nyaml.safe_dump(data)\nclass Own(yaml.SafeLoader): pass",
    "pickles": "import json\njson.load(file)\nmodel.load('pickle')",
    "code": "import re\nre.compile(text)\nmodel.eval()\nimport ast\nast.literal_eval(text)",
    "asked": "import os\ngetattr(os, 'O_NOFOLLOW', 0)\ngetattr(node, name)",
    "endless": "import requests\nrequests.get(address, timeout=5)\nsession.get(address, timeout=T)\ntable.get(key)",
    "unverified": "session.get(address, timeout=1, verify=bundle)",
    "weak": "import hashlib\nhashlib.sha256(data)\nhashlib.new(name, data, usedforsecurity=False)",
}


@pytest.mark.parametrize(("ban", "code"), [(ban, code) for ban, codes in FOUND.items() for code in codes])
def test_what_is_banned_is_found_under_every_name(ban: str, code: str) -> None:
    assert lines(ban, code)


@pytest.mark.parametrize("ban", FINE)
def test_what_only_looks_like_it_is_not(ban: str) -> None:
    assert lines(ban, FINE[ban]) == []


def test_every_ban_has_its_examples() -> None:
    assert FOUND.keys() == BANS.keys()

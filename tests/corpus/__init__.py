"""The whole program against a corpus of hostile inputs that lies elsewhere: `make corpus`.

`ALEKSEYLEARN_CORPUS` names a folder with two programs: `make_corpus.py OUT --seed N` writes cases and a manifest of what
must happen, `run_corpus.py OUT --cmd SURFACE=COMMAND` runs a command over the cases of a surface and checks it. Surfaces
that are no command of ours (an event, a log, metrics, comments) get one in `surfaces.py`; what the manifest asks for
beyond that is checked in `extras.py`.
"""

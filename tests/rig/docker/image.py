"""Images made of what this machine has: its tools, its Python, and the packages that the tests run with.

No registry and no package index is asked. The images are layers on one another, so that they are stored once.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import io
import json
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement

BARE, BASE, SKLEARN, EMPTY = (f"alekseylearn-test/{name}:1" for name in ("bare", "base", "sklearn", "empty"))
"""Tools but no Python; and Python; and scikit-learn; and an image without anything that could be run."""
IMAGES: Mapping[str, tuple[str, ...]] = {
    EMPTY: ("note",),
    BARE: ("tools",),
    BASE: ("tools", "python"),
    SKLEARN: ("tools", "python", "packages"),
}
"""The layers of each image, the lowest first."""
TOOLS = """
bash dash ls cat cp mv rm mkdir rmdir ln chmod chown touch sleep env id whoami hostname echo printf test true false
head tail wc sort tr cut date seq tee stat du df basename dirname readlink realpath grep sed find xargs tar gzip
kill ps nproc timeout mktemp which uname
"""
LOADED_LATE = "anl crypt dl gcc_s gomp m nss_dns nss_files pthread resolv rt stdc++ util"
"""What packages load by name, where `ldd` of the interpreter cannot see it."""
PACKAGES = ("scikit-learn", "pip", "packaging")
UNUSED = re.compile(
    r"(^|/)(tests?|idlelib|tkinter|turtledemo|lib2to3|config-3[^/]*|site-packages|__pycache__|_tkinter[^/]*|EXTERNALLY-MANAGED)(/|$)"
)
SETTINGS = {
    "Env": ["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG=C.UTF-8", "PYTHONUNBUFFERED=1"],
    "Cmd": ["/bin/sh"],
}
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
INSIDE = f"usr/local/lib/{PYTHON}"
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
BLOCK = 1 << 20


@dataclass(slots=True)
class Layer:
    """A layer that is being written."""

    tar: tarfile.TarFile
    names: set[str] = field(default_factory=set)

    def folder(self, name: str, mode: int = 0o755) -> None:
        self._put(name, tarfile.DIRTYPE, mode=mode)

    def link(self, name: str, target: str) -> None:
        self._put(name, tarfile.SYMTYPE, linkname=target)

    def text(self, name: str, text: str) -> None:
        self._put(name, tarfile.REGTYPE, data=text.encode())

    def file(self, name: str, source: Path) -> None:
        """Add what *source* leads to; times are kept, since compiled modules bear those of their sources."""
        if name not in self.names:
            self.names.add(name)
            with source.open("rb") as file:
                info = self.tar.gettarinfo(name, name, file)
                info.type, info.linkname = tarfile.REGTYPE, ""  # not a hard link to what is already there
                info.size = source.stat().st_size
                info.uid = info.gid = 0
                info.uname = info.gname = ""
                info.mtime = int(info.mtime)
                self.tar.addfile(info, file)

    def module(self, name: str, source: Path) -> None:
        """Add *source*, and what Python has compiled it to."""
        self.file(name, source)
        if source.suffix == ".py" and (code := compiled(source)).exists():
            self.file(f"{name.rpartition('/')[0]}/__pycache__/{code.name}", code)

    def library(self, source: Path) -> None:
        """Add a shared library where the loader looks for it without being told, which spares the loader's cache."""
        known = str(source).startswith(("/lib", "/usr/lib"))
        place = str(source).lstrip("/").removeprefix("usr/") if known else f"lib/{source.name}"
        self.file(f"usr/{place}", source.resolve())

    def _put(self, name: str, kind: bytes, *, data: bytes = b"", mode: int = 0o644, linkname: str = "") -> None:
        if name not in self.names:
            self.names.add(name)
            info = tarfile.TarInfo(name)
            info.type, info.size, info.mode, info.linkname = kind, len(data), mode, linkname
            self.tar.addfile(info, io.BytesIO(data))


def build(folder: Path) -> None:
    """Write the layers to *folder*, and what they hash to."""
    digests = {}
    for name, fill in {"note": note, "tools": tools, "python": python, "packages": packages}.items():
        path = folder / f"{name}.tar"
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            fill(Layer(tar))
        with path.open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    (folder / "digests.json").write_text(json.dumps(digests), encoding="utf-8")


def note(layer: Layer) -> None:
    """Fill the layer of an image in which nothing can be run."""
    layer.text("etc/note", "Nothing to run here.\n")


def tools(layer: Layer) -> None:
    """Fill the lowest layer: the tools of this machine and what they are linked to."""
    for name in ("bin", "sbin", "lib", "lib64"):
        layer.folder(f"usr/{name}")
        layer.link(name, f"usr/{name}")
    for name in ("dev", "etc", "home", "opt", "proc", "run", "sys", "usr/local/bin", "var"):
        layer.folder(name)
    layer.folder("root", 0o700)
    layer.folder("tmp", 0o1777)
    layer.folder("var/tmp", 0o1777)
    layer.text("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
    layer.text("etc/group", "root:x:0:\nnogroup:x:65534:\n")
    layer.text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    layer.link("usr/bin/sh", "dash")
    found = {
        name: Path(place).resolve() for name in TOOLS.split() if (place := shutil.which(name, path="/usr/bin:/bin"))
    }
    for name, program in found.items():
        layer.file(f"usr/bin/{name}", program)
    for library in linked(found.values()):
        layer.library(library)


def python(layer: Layer) -> None:
    """Fill the layer with the interpreter that runs the tests, less its own tests and its windows."""
    interpreter = (Path(sys.base_prefix) / "bin" / PYTHON).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    layer.file(f"usr/local/bin/{PYTHON}", interpreter)
    for name in ("python", "python3"):
        layer.link(f"usr/local/bin/{name}", PYTHON)
    layer.folder(f"{INSIDE}/site-packages")
    layer.link(f"{INSIDE}/dist-packages", "site-packages")  # where Debian's Python looks
    found = {source.relative_to(library).as_posix(): source for source in sorted(library.rglob("*"))}
    found = {name: source for name, source in found.items() if source.is_file() and not UNUSED.search(name)}
    compile_all(found.values())
    for name, source in found.items():
        layer.module(f"{INSIDE}/{name}", source)
    extensions = [*library.glob("lib-dynload/*.so"), interpreter]
    for shared in (*linked(extensions), *late()):
        layer.library(shared)


def packages(layer: Layer) -> None:
    """Fill the layer with scikit-learn and what it needs, as the tests have it, and with pip."""
    found = {name: source for each in needed(PACKAGES) for name, source in files(each)}
    compile_all(found.values())
    for name, source in found.items():
        layer.module(f"{INSIDE}/site-packages/{name}", source)


def needed(names: Iterable[str]) -> Iterator[importlib.metadata.Distribution]:
    """Yield the distributions *names* and all that they need; pip may be the base interpreter's."""
    todo, seen = list(names), set[str]()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        path = [*sys.path, str(Path(sysconfig.get_path("stdlib")) / "site-packages")]
        for distribution in list(importlib.metadata.distributions(name=name, path=path))[:1]:
            yield distribution
            wanted = map(Requirement, distribution.requires or ())
            todo += [each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]


def files(distribution: importlib.metadata.Distribution) -> Iterator[tuple[str, Path]]:
    """Yield the files of *distribution* that are imported or loaded, with their names in `site-packages`."""
    for each in distribution.files or ():
        name, source = each.as_posix(), Path(str(each.locate()))
        if not name.startswith("..") and "__pycache__" not in name and "/tests/" not in name and source.is_file():
            yield name, source


def compile_all(sources: Iterable[Path]) -> None:
    """Compile what nobody has imported yet, as an import would: or each container does it again."""
    lacking = [str(each) for each in sources if each.suffix == ".py" and not compiled(each).exists()]
    if lacking:
        command = [sys.executable, "-m", "compileall", "-qq", "-j", "0", "-i", "-"]
        # A package may bring modules that are not for this Python: what does not compile is left as it is.
        subprocess.run(command, input="\n".join(lacking), text=True, check=False, stdout=subprocess.DEVNULL)


def compiled(source: Path) -> Path:
    """Return where Python keeps what it has compiled *source* to."""
    return Path(importlib.util.cache_from_source(str(source)))


def linked(programs: Iterable[Path]) -> list[Path]:
    """Return the shared libraries that *programs* are linked to."""
    done = subprocess.run(["ldd", *map(str, programs)], check=False, capture_output=True, text=True)
    return sorted({Path(found) for found in re.findall(r"(?:^\s+|=> )(/\S+) \(0x", done.stdout, re.MULTILINE)})


def late() -> list[Path]:
    """Return the libraries that are loaded by name, with what they are linked to."""
    (libc,) = (each for each in linked([Path(sys.executable).resolve()]) if each.name.startswith("libc.so"))
    found = [place for name in LOADED_LATE.split() for place in libc.parent.glob(f"lib{name}.so.[0-9]*")]
    # A longer number is what the short one leads to.
    short = [place for place in found if place.name.partition(".so.")[2].isdigit()]
    return [*short, *linked(short)]


def archive(layers: Path, tags: Sequence[str]) -> Iterator[bytes]:
    """Yield the images *tags* in the form of `docker save`, from what `build` wrote to *layers*."""
    digests: Mapping[str, str] = json.loads((layers / "digests.json").read_text(encoding="utf-8"))
    manifest = []
    for tag in tags:
        config = json.dumps(
            {
                "architecture": MACHINE,
                "os": "linux",
                "created": "2000-01-01T00:00:00Z",
                "config": SETTINGS,
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digests[name]}" for name in IMAGES[tag]]},
                "history": [{"created": "2000-01-01T00:00:00Z", "created_by": name} for name in IMAGES[tag]],
            }
        ).encode()
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        # With the whole name: Podman would put its own default in front, and not find it by the short one again.
        manifest.append(
            {"Config": name, "RepoTags": [f"docker.io/{tag}"], "Layers": [f"{each}.tar" for each in IMAGES[tag]]}
        )
        yield from member(name, io.BytesIO(config), len(config))
    for name in dict.fromkeys(name for tag in tags for name in IMAGES[tag]):
        path = layers / f"{name}.tar"
        with path.open("rb") as file:
            yield from member(path.name, file, path.stat().st_size)
    text = json.dumps(manifest).encode()
    yield from member("manifest.json", io.BytesIO(text), len(text))
    yield bytes(2 * tarfile.BLOCKSIZE)


def member(name: str, file: io.BufferedIOBase, size: int) -> Iterator[bytes]:
    """Yield one file of an archive."""
    info = tarfile.TarInfo(name)
    info.size = size
    yield info.tobuf()
    while block := file.read(BLOCK):
        yield block
    yield bytes(-size % tarfile.BLOCKSIZE)

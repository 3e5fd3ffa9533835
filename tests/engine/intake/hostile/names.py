"""Functions that a pickle can name to do harm, each with arguments that would disturb a canary.

From the lists of pickle scanners and from what has been seen to slip past them; ``sings`` marks those that were seen
to disturb the canary when an ordinary unpickler obeys (a test repeats that), so that silence means something.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hostile import pickle_code as code
from hostile.case import Canary
from hostile.pickle_code import Code

Arguments = Callable[[Canary, int], Any]
"""Of the canary and the pickle protocol."""


@dataclass(frozen=True)
class Name:
    module: str
    name: str
    arguments: Arguments
    sings: bool = False
    least: int = 0
    """The lowest protocol that can say it: names with dots need 4."""
    then: Arguments | None = None
    """For what only makes a function: the arguments that this is then called with."""

    @property
    def label(self) -> str:
        return f"{self.module}.{self.name}"

    def payload(self, canary: Canary, protocol: int) -> Code:
        made = code.call(self.module, self.name, self.arguments(canary, protocol), protocol)
        return code.apply(made, self.then(canary, protocol), protocol) if self.then else made


def _sings(module: str, name: str, arguments: Callable[[Canary], Any], least: int = 0) -> Name:
    return Name(module, name, lambda canary, protocol: arguments(canary), sings=True, least=least)


def _quiet(module: str, name: str, arguments: Callable[[Canary], Any] = lambda c: (), least: int = 0) -> Name:
    return Name(module, name, lambda canary, protocol: arguments(canary), least=least)


def _shell(canary: Canary) -> tuple[str]:
    return (canary.shell,)


def _python(canary: Canary) -> tuple[str]:
    return (canary.python,)


def _argv(canary: Canary) -> tuple[list[str]]:
    return (canary.argv,)


def _appears(canary: Canary) -> tuple[str]:
    return (str(canary.appears),)


def _stays(canary: Canary) -> tuple[str]:
    return (str(canary.stays),)


def _both(canary: Canary) -> tuple[str, str]:
    return (str(canary.stays), str(canary.appears))


def _to_write(canary: Canary) -> tuple[str, str]:
    return (str(canary.appears), "w")


def _port(canary: Canary) -> tuple[str, int]:
    return ("127.0.0.1", canary.port)


PROCESSES = [
    _sings("os", "system", _shell),
    _sings("posix", "system", _shell),
    _quiet("nt", "system", _shell),
    _sings("os", "popen", _shell),
    _sings("os", "execvp", lambda c: ("touch", c.argv)),
    _sings("os", "spawnvp", lambda c: (0, "touch", c.argv)),
    _sings("os", "posix_spawnp", lambda c: ("touch", c.argv, {})),
    _sings("subprocess", "Popen", _argv),
    _sings("subprocess", "run", _argv),
    _sings("subprocess", "call", _argv),
    _sings("subprocess", "check_output", _argv),
    _sings("subprocess", "getoutput", _shell),
    _quiet("commands", "getoutput", _shell),
    _sings("pty", "spawn", _argv),
    _quiet("_posixsubprocess", "fork_exec"),
    _quiet("multiprocessing.util", "spawnv_passfds", lambda c: (b"/bin/touch", c.argv, [])),
    _quiet("multiprocessing.context", "Process"),
    _quiet("asyncio", "create_subprocess_shell", _shell),
    _quiet("asyncio.unix_events", "_UnixSubprocessTransport._start", _shell, least=4),
    _sings("pydoc", "pipepager", lambda c: ("x", f"cat > {c.appears}")),
    _quiet("imaplib", "IMAP4_stream", _shell),
    _sings("torch.utils.collect_env", "run", _shell),
    _quiet("os", "abort"),
    _quiet("os", "_exit", lambda c: (0,)),
    _quiet("signal", "raise_signal", lambda c: (9,)),
    _quiet("sys", "exit", lambda c: (0,)),
]

PYTHON = [
    _sings("builtins", "eval", _python),
    _sings("builtins", "exec", _python),
    _sings("__builtin__", "eval", _python),
    _quiet("__builtin__", "execfile", lambda c: (str(_script(c)),)),
    _quiet("builtins", "__import__", lambda c: ("antigravity",)),
    _quiet("builtins", "compile", lambda c: (c.python, "<x>", "exec")),
    _quiet("builtins", "getattr", lambda c: ("x", "__class__")),
    _quiet("builtins", "setattr", lambda c: ("x", "y", 1)),
    _quiet("builtins", "globals"),
    _quiet("builtins", "vars"),
    _quiet("builtins", "breakpoint"),
    _quiet("builtins", "input"),
    _quiet("builtins", "type", lambda c: ("X", (), {})),
    _quiet("importlib", "import_module", lambda c: ("antigravity",)),
    _quiet("importlib", "reload"),
    _sings("runpy", "run_path", lambda c: (str(_script(c)),)),
    _quiet("runpy", "_run_code", lambda c: (c.python, {})),
    _sings("timeit", "timeit", lambda c: (c.python, "pass", code.named("time", "perf_counter", 2), 1)),
    _sings("cProfile", "run", _python),
    _sings("profile", "run", _python),
    _quiet("pdb", "run", _python),
    _quiet("pdb", "set_trace"),
    _quiet("bdb", "Bdb.run", _python, least=4),
    _quiet("trace", "Trace.run", _python, least=4),
    _quiet("code", "interact"),
    _quiet("code", "InteractiveInterpreter.runcode", _python, least=4),
    _quiet("doctest", "debug_script", _python),
    _quiet("idlelib.run", "Executive.runcode", _python, least=4),
    _quiet("typing", "get_type_hints"),
    _quiet("types", "CodeType"),
    _quiet("zipimport", "zipimporter", _stays),
    _quiet("site", "addpackage", lambda c: ("", str(c.stays), None)),
    _sings("numpy.testing._private.utils", "runstring", lambda c: (c.python, {})),
    _quiet("numpy.f2py.crackfortran", "myeval", _python),
    _quiet("numpy.f2py.crackfortran", "getlincoef", lambda c: (c.python, {})),
    _quiet("torch.fx.graph_module", "reduce_graph_module"),
    _quiet("torch._dynamo.guards", "GuardBuilder.get", _python, least=4),
    _quiet("torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression", _python, least=4),
    _quiet("torch.jit.unsupported_tensor_ops", "execWrapper", lambda c: (c.python, {}, {})),
    _quiet("torch.utils.cpp_extension", "load_inline"),
    _quiet("torch.hub", "load", lambda c: (str(c.stays), "resnet18")),
    _quiet("torch.package", "PackageImporter", _stays),
    _quiet("torch.package.package_importer", "PackageImporter", _stays),
    _quiet("torch.jit", "load", _stays),
    _quiet("torch.classes", "load_library", _stays),
    _quiet("torch.ops", "load_library", _stays),
    _quiet("torch.multiprocessing", "spawn"),
    _quiet("torch._inductor.codecache", "PyCodeCache.load", _python, least=4),
]

FILES = [
    _sings("builtins", "open", _to_write),
    _sings("io", "open", _to_write),
    _sings("_io", "FileIO", _to_write),
    _sings("_pyio", "open", _to_write),
    _sings("codecs", "open", _to_write),
    _sings("pathlib", "Path.touch", lambda c: (_path(c),), least=4),
    _sings("pathlib", "Path.write_text", lambda c: (_path(c), "x"), least=4),
    _sings("shutil", "copy", _both),
    _sings("shutil", "move", _both),
    _sings("os", "remove", _stays),
    _sings("os", "rename", _both),
    _sings("os", "mkdir", _appears),
    _sings("os", "symlink", _both),
    _sings("logging", "FileHandler", _appears),
    _sings("zipfile", "ZipFile", _to_write),
    _sings("tarfile", "open", _to_write),
    _sings("gzip", "open", _to_write),
    _sings("sqlite3", "connect", _appears),
    _quiet("shelve", "open", _appears),
    _quiet("distutils.file_util", "write_file", lambda c: (str(c.appears), ["x"])),
    _quiet("lib2to3.pgen2.grammar", "Grammar.loadgrammar", _stays, least=4),
    _quiet("shutil", "rmtree", lambda c: (str(c.stays.parent),)),
    _quiet("tempfile", "mkdtemp"),
    _quiet("ctypes", "CDLL", _stays),
    _quiet("ctypes", "string_at", lambda c: (0, 8)),
    _quiet("numpy", "fromfile", _stays),
    _quiet("numpy", "memmap", lambda c: (str(c.appears), "u1", "w+", 0, (1,))),
]

NETWORK = [
    _sings("socket", "create_connection", lambda c: (_port(c),)),
    _sings("urllib.request", "urlopen", lambda c: (f"http://127.0.0.1:{c.port}/",)),
    _sings("telnetlib", "Telnet", _port),
    _sings("smtplib", "SMTP", _port),
    _sings("ftplib", "FTP.connect", lambda c: (code.call("ftplib", "FTP", (), 4), *_port(c)), least=4),
    _quiet("webbrowser", "open", lambda c: (f"http://127.0.0.1:{c.port}/",)),
    _quiet("http.server", "test"),
    _quiet("xmlrpc.client", "ServerProxy", lambda c: (f"http://127.0.0.1:{c.port}/",)),
    _quiet("requests", "get", lambda c: (f"http://127.0.0.1:{c.port}/",)),
    _quiet("logging.config", "listen", lambda c: (c.port,)),
]

LOADERS = [
    Name("pickle", "loads", lambda c, p: (_nested(c),), sings=True),
    Name("_pickle", "loads", lambda c, p: (_nested(c),), sings=True),
    Name("torch.storage", "_load_from_bytes", lambda c, p: (_nested(c),)),
    Name("marshal", "loads", lambda c, p: (marshal.dumps(compile(c.python, "<x>", "exec")),)),
    Name("dill", "loads", lambda c, p: (_nested(c),)),
    Name("dill._dill", "_create_function", lambda c, p: (c.python,)),
    Name("cloudpickle.cloudpickle", "_make_function", lambda c, p: (c.python,)),
    Name("cloudpickle", "loads", lambda c, p: (_nested(c),)),
    _quiet("torch", "load", _stays),
    _quiet("torch.serialization", "load", _stays),
    _quiet("joblib", "load", _stays),
    _quiet("numpy", "load", lambda c: (str(c.stays), None, True)),
    _quiet("pandas", "read_pickle", _stays),
    _quiet("logging.config", "dictConfig", lambda c: ({"version": 1, "()": "os.system"},)),
    _quiet("logging.config", "fileConfig", _stays),
    _quiet("yaml", "unsafe_load", lambda c: (f"!!python/object/apply:os.system ['{c.shell}']",)),
]


def _chain(module: str, name: str, first: Arguments, then: Arguments) -> Name:
    return Name(module, name, first, sings=True, then=then)


def _nothing(canary: Canary, protocol: int) -> tuple[()]:
    return ()


def _os_module(protocol: int) -> Code:
    return code.call("importlib", "import_module", ("os",), protocol)


CHAINS = [
    Name("operator", "attrgetter", lambda c, p: ("system",), then=lambda c, p: (_os_module(p),)),
    _chain("operator", "methodcaller", lambda c, p: ("system", c.shell), lambda c, p: (_os_module(p),)),
    _chain("functools", "partial", lambda c, p: (code.named("os", "system", p), c.shell), _nothing),
    _chain("types", "FunctionType", lambda c, p: (_code_object(c, p), {"open": code.named("io", "open", p)}), _nothing),
]


def _code_object(canary: Canary, protocol: int) -> Code:
    return code.call("builtins", "compile", (canary.python, "<x>", "exec"), protocol)


def _path(canary: Canary) -> Code:
    return code.call("pathlib", "PosixPath", (str(canary.appears),), 4)


def _script(canary: Canary) -> str:
    script = canary.stays.with_name("script.py")
    script.write_text(canary.python)
    return str(script)


def _nested(canary: Canary) -> bytes:
    return code.whole(code.call("os", "system", (canary.shell,), 2), 2)


def all_names() -> list[Name]:
    return PROCESSES + PYTHON + FILES + NETWORK + LOADERS + CHAINS

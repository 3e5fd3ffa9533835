"""Which names a pickle may contain. Nothing is ever called; a dangerous name still tells that the file is an attack."""

from __future__ import annotations

import sys

from mpt_studio.engine.intake.inert import CONSTANTS, ITEM_BYTES, REFUSED_TYPES, STORAGE_TYPES

WEIGHTS_ONLY = frozenset(
    {
        "collections.OrderedDict",
        "torch.Size",
        "torch.device",
        "torch._tensor._rebuild_from_type_v2",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch.nn.parameter.Parameter",
        "torch.storage.UntypedStorage",
        *(f"torch.{name}" for name in STORAGE_TYPES if name != "UntypedStorage"),
        *(f"torch.cuda.{name}" for name in STORAGE_TYPES if name != "UntypedStorage"),
        *(f"torch.{name}" for name in ITEM_BYTES),
    }
)
"""What ``torch.load(weights_only=True)`` knows by itself and plain state dicts consist of."""

_BENIGN = frozenset(
    {
        *(f"torch.{name}" for names in (CONSTANTS, *REFUSED_TYPES.values()) for name in names),
        *(f"torch.{name}Storage" for name in ("QInt8", "QUInt8", "QInt32", "QUInt4x2", "QUInt2x4")),
        "_codecs.encode",
        "argparse.Namespace",
        "collections.Counter",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.deque",
        "copyreg._reconstructor",
        "copy_reg._reconstructor",
        "decimal.Decimal",
        "fractions.Fraction",
        "functools.partial",
        "types.SimpleNamespace",
        "uuid.UUID",
        *(f"datetime.{name}" for name in ("date", "datetime", "time", "timedelta", "timezone")),
        *(
            f"{module}.{name}"
            for module in ("pathlib", "pathlib._local")
            for name in ("Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath")
        ),
        *(
            f"{module}.{name}"
            for module in ("builtins", "__builtin__")
            for name in (
                "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "long", "object",
                "range", "set", "slice", "str", "tuple", "unicode",
            )
        ),
    }
)  # fmt: skip
"""Names of the standard library that training scripts really put beside weights."""

_BENIGN_NUMPY = (
    "numpy.dtype", "numpy.ndarray", "numpy.core.multiarray.", "numpy._core.multiarray.", "numpy.core.numeric.",
    "numpy._core.numeric.", "numpy.dtypes.", "numpy.float", "numpy.int", "numpy.uint", "numpy.bool", "numpy.str_",
    "numpy.random._pickle.", "numpy.random.mtrand.", "numpy.random._mt19937.", "numpy.random._pcg64.",
)  # fmt: skip
_BENIGN_TORCH = (
    "torch.nn.", "torch.optim.", "torch.ao.nn.", "torch.quantization.", "torch.ao.quantization.", "torch.cuda.amp.",
    "torch.amp.", "torch.Tensor", "torch._C._nn.", "torch.torch_version.TorchVersion",
    "torch.serialization._get_layout", "torch._utils._rebuild_", "torch._tensor._rebuild_from_type_v2",
    "torch.storage.TypedStorage", "torch.storage.UntypedStorage", "torch.distributions.",
    "torch.jit._pickle.build_", "torch.jit._pickle.restore_type_tag",
)  # fmt: skip
_DANGEROUS_ROOTS = frozenset(
    {
        "pip", "setuptools", "distutils", "pkg_resources", "_distutils_hack", "requests", "httpx", "aiohttp", "urllib2",
        "urllib3", "httplib", "commands", "IPython", "jupyter_client", "nbconvert", "dill", "cloudpickle", "joblib",
        "paramiko", "fabric", "invoke", "sh", "plumbum", "pexpect", "ptyprocess", "psutil", "pandas", "cffi",
        "tensorflow",
        "keras", "bdb", "test", "cPickle", "StringIO", "numexpr", "sympy", "jinja2", "yaml", "imp", "asyncore", "smtpd",
        "mpt_studio", "safetensors", "pydantic", "onnx", "onnxruntime", "PySide6", "ipykernel", "celery",
        "pytest", "_pytest", "py", "twisted", "tornado", "boto3", "google", "websockets", "zmq", "scipy", "sqlalchemy",
    }
)  # fmt: skip


def is_dangerous(name: str) -> bool:
    """Whether a file that names this is refused outright.

    Of the standard library, NumPy and torch, everything is dangerous but what is known to be harmless; of other
    packages (model code that is not installed here), everything is harmless but what is known to be dangerous.
    """
    root = name.partition(".")[0]
    if name in _BENIGN or name in WEIGHTS_ONLY:
        return False
    if root in ("numpy", "torch"):
        allowed = _BENIGN_NUMPY if root == "numpy" else _BENIGN_TORCH
        return not name.startswith(allowed) or _is_odd(name)
    standard = root in sys.stdlib_module_names or root in ("__builtin__", "copy_reg", "nt", "_osx_support")
    return root != "__main__" and (standard or root in _DANGEROUS_ROOTS or _is_odd(name))


def _is_odd(name: str) -> bool:
    """Paths through special attributes ("torch.nn.Module.__subclasses__") are the way out of a sandbox."""
    return any(p.startswith("__") and p.endswith("__") and p not in ("__torch__", "__main__") for p in name.split("."))

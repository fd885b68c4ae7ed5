"""Where torch computes, what memory it has there, and how to make it compute the same thing twice."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from .errors import InputError
from .progress import say

NO_GPU = ("", "-1", "NoDevFiles")  # CUDA_VISIBLE_DEVICES of a job without one; the last is what SLURM writes
SHORT_OF_MEMORY = (  # what torch says in a plain RuntimeError
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
)


def choose_device(name: str) -> torch.device:
    """`auto` takes a GPU if torch sees one.

    Raises
    ------
    InputError : a GPU was asked for, or given to this job (`CUDA_VISIBLE_DEVICES`), and torch sees none.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if given := given_gpus():
            raise InputError(
                f"this job was given a GPU (CUDA_VISIBLE_DEVICES={given}) but torch sees no GPU; {_cure()}"
            )
        return torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"device {name!r} is not known; choose auto, cpu, cuda or cuda:N") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device {name!r} was asked for but torch sees no GPU; {_cure()}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"device {name!r} does not exist; torch sees {torch.cuda.device_count()} GPUs, from cuda:0 on")
    return device


def settle_device(name: str, gpus: int = 0, allow_cpu: bool = False) -> str:
    """The options of a command as a name for `choose_device`: with `gpus` > 0, `auto` is `cuda`; a GPU that torch does
    not see is `cpu` where that is allowed, with a line in the log."""
    wanted = "cuda" if name == "auto" and gpus > 0 else name
    on_gpu = wanted.startswith("cuda") or (wanted == "auto" and given_gpus())
    if on_gpu and allow_cpu and not torch.cuda.is_available():
        say("a GPU was asked for and torch sees no GPU; computing on the CPU, as --allow-cpu permits")
        return "cpu"
    return wanted


def given_gpus() -> str:
    """The GPUs that whoever started this process gave it; empty where there are none."""
    value = os.environ.get("CUDA_VISIBLE_DEVICES", "").strip()
    return "" if value in NO_GPU else value


def describe_device() -> str:
    """What torch sees, in a line for `lrpgen doctor`."""
    given = given_gpus()
    if not torch.cuda.is_available():
        missing = f"; this job was given GPU {given}: {_cure()}" if given else ""
        return f"CPU (torch {torch.__version__} sees no GPU{missing})"
    found = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    names = ", ".join(f"{gpu.name} ({gpu.total_memory / 2**30:.0f} GiB)" for gpu in found)
    return f"GPU: {names}" + (f" (CUDA_VISIBLE_DEVICES={given})" if given else "")


def _cure() -> str:
    if torch.backends.cuda.is_built():
        cure = "check the driver (nvidia-smi) and CUDA_VISIBLE_DEVICES"
    else:
        cure = f"torch {torch.__version__} is built without CUDA: install a CUDA build"
    return f"{cure}, or compute on the CPU with --allow-cpu or --device cpu"


def free_memory(device: torch.device) -> int:
    """Bytes that torch can still take on a GPU: free there, or held by torch without use."""
    held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + held


def peak_memory(device: torch.device, work: Callable[[], object]) -> int:
    """Bytes that `work` took at its greatest, beyond what was taken before: torch's on a GPU, the process's on a CPU.

    On a CPU it is resident memory, read from Linux; 0 where the system does not tell. Memory that earlier work left with
    the allocator is given back first, as far as glibc does that, or it would not be seen again.
    """
    if device.type != "cuda":
        before = _resident(restart=True)
        work()
        return max(_resident() - before, 0) if before else 0
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    work()
    return torch.cuda.max_memory_allocated(device) - before


def _resident(restart: bool = False) -> int:
    """The process's highest resident bytes since the last restart; of a restart, those of now. 0 where nobody knows."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    if restart:
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        try:
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:  # a sandbox
            return 0
    return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or a CPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in SHORT_OF_MEMORY)


def set_threads(threads: int) -> None:
    """Use `threads` CPU threads; 0 = all this process may use."""
    torch.set_num_threads(threads if threads > 0 else len(os.sched_getaffinity(0)))


@contextlib.contextmanager
def deterministic(seed: int, threads: int) -> Iterator[None]:
    """Seed torch and choose deterministic kernels; torch's settings are as before afterwards."""
    before, count = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    set_threads(threads)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            torch.use_deterministic_algorithms(True)
            yield
    finally:
        torch.use_deterministic_algorithms(before)
        torch.set_num_threads(count)

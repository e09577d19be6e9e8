"""A Slurm of our own: controller, two nodes and keys in one folder, gone when the test ends.

Each node has a GPU as far as Slurm can tell, whose device is an empty file.

All daemons run on this machine as the user who runs the tests. Nothing of the system is touched:
no service, no account, no file outside the folder, no accounting database.
"""

import getpass
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
SEARCHED = f"{os.environ['PATH']}:/usr/sbin:/sbin"
UP_SECONDS = 3600  # however busy this machine is
CONF = """\
ClusterName=rnnbench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
MinJobAge=86400
KillWait=2
MailProg=/bin/true
GresTypes=gpu
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory={mb}"
    " Gres=gpu:1"
)
GPU = "NodeName={name} Name=gpu File={device}\n"
PARTITION = "PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP"


@dataclass(frozen=True)
class Cluster:
    """A running Slurm.

    Attributes:
        folder: everything of it.
        environment: of the commands that are to meet it.
    """

    folder: Path
    environment: Mapping[str, str]

    def ask(self, *command: str) -> str:
        """What a command of Slurm prints."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True
        ).stdout

    def jobs(self) -> list[dict[str, str]]:
        """Every job that there was, finished ones too, as Slurm tells it: field -> value."""
        lines = self.ask("scontrol", "--oneliner", "show", "job").splitlines()
        return [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines if "JobId=" in line]


def missing() -> list[str]:
    """Programs that are not installed: packages ``slurm-wlm`` and ``munge`` of Debian."""
    return [name for name in (*DAEMONS, *COMMANDS) if not shutil.which(name, path=SEARCHED)]


@contextmanager
def started(folder: Path, nodes: Sequence[str], cpus: int, mb: int) -> Iterator[Cluster]:
    """A cluster of nodes with so many cores and MB of memory each, until the block ends.

    Args:
        folder: empty, on a short path: sockets of munge have at most 107 characters.
    """
    write_configuration(folder, nodes, cpus, mb)
    environment = {**os.environ, "PATH": f"{folder}/bin:{SEARCHED}"}
    environment["SLURM_CONF"] = str(folder / "slurm.conf")
    cluster = Cluster(folder, environment)
    with ExitStack() as stack:
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
        names = {
            option: f"munge.{name}" for option, name in (files | {"seed-file": "seed"}).items()
        }
        options = [f"--{option}={folder / name}" for option, name in names.items()]
        stack.enter_context(daemon(cluster, "munged", "--foreground", "--force", *options))
        wait(lambda: (folder / "munge.socket").is_socket(), cluster)
        stack.enter_context(daemon(cluster, "slurmctld", "-D"))
        for node in nodes:
            stack.enter_context(daemon(cluster, "slurmd", "-D", "-N", node))
        stack.callback(cluster.ask, "scancel", "--user", getpass.getuser())
        wait(lambda: states(cluster).count("idle") == len(nodes), cluster)
        yield cluster


def write_configuration(folder: Path, nodes: Sequence[str], cpus: int, mb: int) -> None:
    """Write slurm.conf, and an srun that finds it in jobs, whose variables a plugin takes away."""
    host, ports = socket.gethostname().split(".")[0], free_ports(1 + len(nodes))
    lines = [CONF.format(host=host, port=ports[0], user=getpass.getuser(), folder=folder)]
    for name, port in zip(nodes, ports[1:], strict=True):
        lines.append(NODE.format(name=name, host=host, port=port, cpus=cpus, mb=mb))
    (folder / "slurm.conf").write_text("\n".join([*lines, PARTITION, ""]))
    devices = {name: folder / f"gpu-{name}" for name in nodes}
    for device in devices.values():
        device.touch()
    gpus = (GPU.format(name=name, device=device) for name, device in devices.items())
    (folder / "gres.conf").write_text("".join(gpus))
    for name in ("state", "bin", *(f"spool/{node}" for node in nodes)):
        (folder / name).mkdir(parents=True)
    srun = folder / "bin/srun"
    real = shutil.which("srun", path=SEARCHED)
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {real} "$@"\n')
    srun.chmod(0o755)


@contextmanager
def daemon(cluster: Cluster, *command: str) -> Iterator[None]:
    """Run a daemon in a session of its own, so that no Ctrl-C meets it, until the block ends."""
    log = (cluster.folder / f"{command[0]}{command[-1]}.out".replace("/", "_")[-80:]).open("wb")
    environment = cluster.environment
    options = {"stdout": log, "stderr": subprocess.STDOUT, "start_new_session": True}
    process = subprocess.Popen(command, env=environment, **options)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)  # else it is killed
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def states(cluster: Cluster) -> list[str]:
    """States of the nodes; none while the controller does not answer."""
    command = ["sinfo", "--noheader", "--Node", "--format=%T"]
    done = subprocess.run(command, env=cluster.environment, capture_output=True, text=True)
    return done.stdout.split()


def wait(reached, cluster: Cluster) -> None:
    """Wait until ``reached()`` is true.

    Raises:
        TimeoutError: it never is; the message has what the daemons said.
    """
    deadline = time.monotonic() + UP_SECONDS
    while not reached():
        if time.monotonic() > deadline:
            said = [
                path.read_text(errors="replace")[-600:] for path in cluster.folder.glob("*.out")
            ]
            raise TimeoutError("\n".join(["the cluster did not come up:", *said]))
        time.sleep(0.1)


def free_ports(number: int) -> list[int]:
    """Ports of this machine that nobody listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]

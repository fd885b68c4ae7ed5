#!/usr/bin/env bash
# A real SLURM on loopback, on one machine, without systemd, cgroups, accounting or a change under /etc.
#
#   slurm.sh up FOLDER PORT   start it; prints the exports a client needs (needs root: munge slurmctld slurmd slurm-client)
#   slurm.sh down FOLDER      stop what `up` started, by the process ids recorded in FOLDER/run
#
# Two nodes: cpu01 (partition cpu, the default) and gpu01 (partition gpu, two pretended GPUs). PORT, PORT+1 and PORT+2
# are used. FOLDER must be short: it holds a socket, whose path may have 107 characters.
set -euo pipefail

ACTION=${1:?up or down}
BASE=${2:?a folder}
export SLURM_CONF=$BASE/etc/slurm.conf

say() { echo "slurm.sh: $*" >&2; }

alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

wait_for() { # wait_for SECONDS WHAT COMMAND...
    local n=$1 what=$2 i
    shift 2
    for ((i = 0; i < n * 5; i++)); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.2
    done
    say "no $what after ${n} s:"
    tail -n 20 "$BASE"/log/* >&2
    return 1
}

start() { # start NAME COMMAND...: in a session of its own, its process id recorded
    local name=$1
    shift
    setsid "$@" >"$BASE/log/$name.out" 2>&1 </dev/null &
    echo $! >"$BASE/run/$name.pid"
}

write_config() { # write_config PORT
    local port=$1 host i
    host=$(hostname -s)
    mkdir -p "$BASE"/{bin,etc,run,log,ctld,spool/cpu01,spool/gpu01,munge}
    chmod 755 "$BASE" "$BASE"/{etc,run,log}
    chmod 700 "$BASE/munge"
    (umask 077; head -c 1024 /dev/urandom >"$BASE/munge/key")
    cat >"$SLURM_CONF" <<CONF
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$BASE/run/munge.socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$BASE/ctld
SlurmdSpoolDir=$BASE/spool/%n
SlurmctldPidFile=$BASE/run/slurmctld.own.pid
SlurmdPidFile=$BASE/run/slurmd-%n.own.pid
SlurmctldLogFile=$BASE/log/slurmctld.log
SlurmdLogFile=$BASE/log/slurmd-%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,bf_interval=2,sched_min_interval=100000
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
MinJobAge=7200
KillWait=5
DefMemPerCPU=250
InactiveLimit=0
JobRequeue=0
AccountingStorageType=accounting_storage/none
NodeName=cpu01 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=4 RealMemory=16000 State=UNKNOWN
NodeName=gpu01 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=4 RealMemory=16000 Gres=gpu:toy:2 State=UNKNOWN
PartitionName=cpu Nodes=cpu01 Default=YES MaxTime=INFINITE DefaultTime=10 State=UP
PartitionName=gpu Nodes=gpu01 Default=NO MaxTime=INFINITE DefaultTime=10 State=UP
CONF
    # A GRES named gpu needs a device file; twins of /dev/null do, and without cgroups nothing guards them.
    for i in 0 1; do mknod -m 666 "$BASE/run/toygpu$i" c 1 3; done
    cat >"$BASE/etc/gres.conf" <<CONF
AutoDetect=off
NodeName=gpu01 Name=gpu Type=toy Flags=nvidia_gpu_env File=$BASE/run/toygpu[0-1]
CONF
    # snakemake-executor-plugin-slurm-jobstep drops every SLURM_* variable, SLURM_CONF too, before its inner srun,
    # which then finds no cluster. This srun, first on PATH, puts it back.
    printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$SLURM_CONF" "$(PATH=/usr/bin:/bin command -v srun)" >"$BASE/bin/srun"
    chmod 755 "$BASE/bin/srun"
}

nodes_idle() { [ "$(sinfo -h -N -t idle -o %N | sort -u | wc -l)" = 2 ]; }

up() { # up PORT
    export PATH=$PATH:/usr/sbin:/sbin
    write_config "$1"
    start munged munged --foreground --force --key-file="$BASE/munge/key" --socket="$BASE/run/munge.socket" \
        --pid-file="$BASE/run/munged.own.pid" --log-file="$BASE/log/munged.log" --seed-file="$BASE/munge/seed" --num-threads=2
    wait_for 10 munged munge -n --socket="$BASE/run/munge.socket"
    start slurmctld slurmctld -D -i
    wait_for 20 slurmctld scontrol ping
    start slurmd-cpu01 slurmd -D -N cpu01
    start slurmd-gpu01 slurmd -D -N gpu01
    wait_for 30 "idle nodes" nodes_idle
    echo "export SLURM_CONF=$SLURM_CONF PATH=$BASE/bin:\$PATH"
}

down() {
    local name file
    timeout 10 scancel -u "$(id -un)" 2>/dev/null || true
    for name in slurmd-gpu01 slurmd-cpu01 slurmctld munged; do
        file="$BASE/run/$name.pid"
        alive "$file" || continue
        kill "$(cat "$file")" 2>/dev/null || true
        for _ in $(seq 100); do alive "$file" || break; sleep 0.1; done
        if alive "$file"; then
            say "$name did not stop by itself"
            kill -9 "$(cat "$file")" || true
        fi
        rm -f "$file"
    done
}

case $ACTION in
    up) up "${3:?a port}" ;;
    down) down ;;
    *) say "up or down, not $ACTION"; exit 2 ;;
esac

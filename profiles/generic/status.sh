#!/bin/sh
# What became of the SLURM job $1: running, success or failed. SLURM forgets a job that ended (after MinJobAge, five
# minutes by default): it counts as failed. A controller that does not answer says nothing about the job: still running.
case $(squeue --noheader --states=all --format=%T --jobs="$1" 2>&1) in
    COMPLETED) echo success ;;
    BOOT_FAIL | CANCELLED | DEADLINE | FAILED | NODE_FAIL | OUT_OF_MEMORY | PREEMPTED | TIMEOUT) echo failed ;;
    "" | *"Invalid job id"*) echo failed ;;
    *) echo running ;;
esac

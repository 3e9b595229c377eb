"""Cores, GPUs, SLURM, the processes of a job, precision."""

#!/bin/sh
# Four shards of one load run as a Slurm array. Each sends every fourth arrival within a quarter of every limit.
#   IDVET_START_AT=$(date -u -d '+1 min' +%FT%TZ) sbatch --export=ALL slurm-array.sh cloudauth/steady
# Afterwards: idvet report merge results/*
#SBATCH --job-name=idvet-load
#SBATCH --array=0-3
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=256M
#SBATCH --output=idvet-load-%a.log
set -eu
exec idvet load "${1:-cloudauth/steady}" --shard auto --out "results/$SLURM_ARRAY_TASK_ID" --quiet

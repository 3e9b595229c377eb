#!/bin/sh
# The disk that a session takes: ten tiny runs and one study, then megabytes by what they are.
#
#   sh benchmarks/room.sh OUTPUTS               # an empty folder; half an hour of two cores
#   sh benchmarks/room.sh OUTPUTS /other/clone  # the same with the code of another clone
set -eu
outputs=$1
tree=$(cd "${2:-$(dirname "$0")/..}" && pwd)
python=${PYTHON:-$tree/.venv/bin/python}
export PYTHONPATH="$tree/src"
BIRDSONG_CACHE=$outputs/cache
export BIRDSONG_CACHE

birdsong() {
    "$python" "$tree/run.py" debug=tiny tracker=none launch.threads=1 "paths.outputs=$outputs" "$@"
}

for model in gan gan_cls gan_int gan_int_cls style_encoder stackgan_stage1 stackgan_stage2 \
    stackgan_v2 attngan attngan_4stage; do
    birdsong model=$model
done
birdsong -m study=stages

# Megabytes of the files that match, each counted once.
size() {
    find "$outputs" -type f "$@" -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f", sum / 1e6 }'
}
printf 'text features  %s MB\n' "$(size -path '*/captions-*')"
printf 'pictures       %s MB\n' "$(size -path "$outputs/cache/*" ! -path '*/captions-*')"
printf 'checkpoints    %s MB\n' "$(size -path '*/checkpoints/*')"
printf 'weights        %s MB\n' "$(size -path '*/weights/*')"
printf 'all            %s MB\n' "$(size)"

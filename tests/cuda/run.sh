#!/usr/bin/env bash
# All that needs a GPU, in at most 8 minutes: every CUDA test, a small grid of CPU against CUDA, its
# bundle, and a summary of what passed and what failed. Without a GPU it says so.
#   tests/cuda/run.sh [FOLDER]   where bundle, log and summary go; else $OUT, else build/cuda
# It takes .venv, else python3 with what is installed, and loads nothing over the network: where
# neither has all, it says what is missing.
set -uo pipefail
LIMIT=465 # seconds for all parts together
PROJECT=$(cd "$(dirname "$0")/../.." && pwd)

case "${CUDA_VISIBLE_DEVICES-all}" in
    "" | -1) gpus="" ;;
    *) gpus=$(nvidia-smi -L 2>/dev/null | grep '^GPU ' || compgen -G '/dev/nvidia[0-9]*') ;;
esac
if [ -z "$gpus" ]; then
    echo "rnnbench: no NVIDIA GPU here, nothing to check"
    exit 0
fi

out=${1:-${OUT:-$PROJECT/build/cuda}}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 2
cd "$PROJECT" || exit 2
export PYTHONPATH=$PROJECT/src${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1
found=""
for python in .venv/bin/python python3; do
    lacks=$("$python" tests/cuda/missing.py 2>/dev/null) || lacks="Python 3.11 or later"
    [ -n "$lacks" ] || break
    found+="${found:+; }$python lacks $lacks"
done
if [ -n "$lacks" ]; then
    echo "rnnbench: expected a Python with all that tests need, found none: $found." \
        "Run 'make .venv/testable' where there is a network, or install what is missing for python3," \
        "as in a folder that PYTHONPATH names" >&2
    exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
parts=() failed=()

part() { # NAME SECONDS COMMAND...: run it for so long at most, whatever became of those before it
    local name=$1 most=$2 began=$SECONDS status=124 said=passed
    shift 2
    most=$((most < LIMIT - SECONDS ? most : LIMIT - SECONDS))
    parts+=("$name")
    echo "rnnbench: $name, at most $most s"
    if [ "$most" -gt 0 ]; then
        timeout --kill-after=5 "$most" "$@" >"$work/$name.log" 2>&1 </dev/null
        status=$?
    else
        echo "no time was left" >"$work/$name.log"
    fi
    case $status in
        0) ;;
        124 | 137) said="out of time" && failed+=("$name") ;;
        *) said=failed && failed+=("$name") ;;
    esac
    printf '%-8s %-12s %4d s  %s\n' "$name" "$said" $((SECONDS - began)) \
        "$(tail -n 1 "$work/$name.log")" >>"$work/summary.txt"
    return "$status"
}

study() { # TARGET: the command line that makes it of the grid
    command=("$python" -m rnnbench launch "$1" --cores all --snakefile Snakefile
        --configfile tests/cuda/grid.yaml --directory "$work/study")
}

part gpu 60 "$python" -c "import sys
from rnnbench.machine import gpus, identity
why = identity.unavailable().get('cuda')
print(identity.name(), gpus.identity(), why or 'usable', sep=': ')
sys.exit(bool(why))"
mapfile -t files < <(grep -rl --include='test_*.py' 'mark\.cuda' tests)
part tests 190 "$python" -m pytest -v -m cuda --tb=short -W default -p no:cacheprovider "${files[@]}"
study speed
part grid 220 "${command[@]}"
part points 20 "$python" tests/cuda/points.py "$work/study/results/tables/speed.csv"
study publish_speed
part bundle 40 "${command[@]}"
bundle=$(compgen -G "$work/study/results/published/*.zip")
part verify 20 "$python" -m rnnbench verify "${bundle:-$work/study/results/published}"

{
    cat "$work/summary.txt"
    cat "$work/points.log"
    for name in ${failed[@]+"${failed[@]}"}; do
        printf '\n--- %s: its last lines\n' "$name"
        tail -n 30 "$work/$name.log"
    done
    echo
    if [ -n "$bundle" ]; then
        place=$out/$(basename "${bundle##*=}") # some systems refuse a = in names
        cp "$bundle" "$place" && echo "rnnbench: the bundle is $place"
    else
        echo "rnnbench: no bundle was made"
    fi
    echo "rnnbench: $((${#parts[@]} - ${#failed[@]})) of ${#parts[@]} parts passed in $SECONDS s," \
        "failed: ${failed[*]:-none}; all that was printed is in $out/log.txt"
} 2>&1 | tee "$out/summary.txt"
(cd "$work" && tail -n +1 ./*.log study/results/speed/*/speed.log >"$out/log.txt" 2>/dev/null)
[ ${#failed[@]} = 0 ]

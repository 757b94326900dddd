#!/bin/sh
# The examples of docs/cluster.md, each run as it stands, in a folder of its own, with `spanscope` found there; the script
# for an array of Slurm's once for each task. What they write is what one undisturbed process writes.
# Usage: tests/cluster.sh SPANSCOPE docs/cluster.md, a build with MPI=1.
set -eu
program=$(realpath "$1")
page=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir build bin
ln -s "$program" build/spanscope
ln -s "$program" bin/spanscope
export PATH="$folder/bin:$PATH"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

fail() { echo "cluster: $*" >&2; exit 1; }

# Indented lines, a file for each stretch of them. The build is this script's caller's.
awk '/^    / { if (!inside) n++; inside = 1; print substr($0, 5) > sprintf("example-%02d", n); next }
     /^$/ { if (inside) blank = 1; next }
     { inside = 0 }
     { blank = 0 }' "$page"
sed -i '/^make /d' example-*

run() { sh -eu "$1" > "$1.out" 2> "$1.err" || { cat "$1" "$1.err" >&2; fail "$1 ends with status $?"; }; }

count=0
for example in example-??; do
    count=$((count + 1))
    if grep -q '^#SBATCH --array=1-4' "$example"; then
        for task in 4 2 1 3; do
            export SLURM_ARRAY_TASK_ID=$task SLURM_CPUS_PER_TASK=2
            run "$example"
        done
        unset SLURM_ARRAY_TASK_ID SLURM_CPUS_PER_TASK
    else
        run "$example"
    fi
done
[ "$count" -ge 7 ] || fail "$count examples are too few"

# same FILE OPTION...: what one process writes with these options.
same() {
    file=$1
    shift
    [ -s "$file" ] || fail "$file is empty"
    spanscope "$@" > expected
    sed 's/"manifest":{[^}]*}//' expected > expected.bare
    sed 's/"manifest":{[^}]*}//' "$file" | cmp - expected.bare || fail "$file is not what one process writes"
}

same profiles.csv run -L 4,8 -d 64 -T 8 --samples 32 --format csv
same parallel.csv run -L 4,8,16 -d 64 -T 8 --format csv
same whole.json run -p prenorm,spannorm -L 4,8 -d 64 -T 8 --samples 64 --format json
same mpi.csv run -p prenorm,spannorm -L 4,8 -d 64 -T 8 --format csv
same predict.csv predict -L 4,8 -d 64 -T 8 --mask causal --quantity gradient_ratio --format csv
same map.json map --x layers=2:16:4:log --y c=0.5:2:5:log -d 64 -T 8
same train.txt train -p prenorm,spannorm -L 2,4 --lr 1e-3,4e-3 --steps 20
echo "cluster: $count examples"

#!/bin/sh
# Jobs of 1, 2 and 3 ranks write what a lone process does, byte for byte; a job that is killed leaves a store that another
# one goes on from; a rank that fails ends the job in words. Usage: tests/mpi.sh SPANSCOPE, a build with MPI=1.
set -eu
program=$(realpath "$1")
folder=$(mktemp -d)
job=
trap '[ -z "$job" ] || kill "$job" 2> /dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

map='--x layers=1:12:6 --y input-correlation=0:0.9:5 -d 16 -H 4 -T 4'
beyond='-p x=ffn(x) --activation swiglu --x layers=1:12:6 --y input-scale=1:100:5 -d 16 -T 4'
runs='-p postnorm,spannorm -L 2,3 -d 12 -H 3 -T 5 --lr 1e-3,4e-3 --seeds 2 -j 2'
grid='-p prenorm,spannorm -L 2,3,4 -d 16 -H 4 -T 4 -f csv'
fail() { echo "mpi: $*" >&2; exit 1; }
# compare NAME RANKS OPTION...: the command's output is that of the file NAME.
compare() {
    name=$1 ranks=$2
    shift 2
    timeout 100 mpirun -n "$ranks" "$program" "$@" > found || fail "$name: $ranks ranks: status $?"
    cmp found "$name" || fail "$name: $ranks ranks write something else"
}

# shellcheck disable=SC2086 # lists of options
{
    "$program" run $grid -n 13 > points
    "$program" run -L 3 -d 16 -H 4 -T 4 -n 2001 -f csv > samples
    "$program" run -L 3 -d 16 -H 4 -T 4 --precision 0.05 -f csv --quiet > precision
    "$program" predict $grid --replicas 16 > predicted
    "$program" map $map > mapped
    "$program" map $beyond > mapped-beyond 2> words
    "$program" train $runs -n 20 -f json --measure 0,20 > trained
    for ranks in 1 2 3; do
        compare points $ranks run $grid -n 13
        compare samples $ranks run -L 3 -d 16 -H 4 -T 4 -n 2001 -f csv
        compare precision $ranks run -L 3 -d 16 -H 4 -T 4 --precision 0.05 -f csv --quiet
        compare predicted $ranks predict $grid --replicas 16
        compare mapped $ranks map $map
        compare mapped-beyond $ranks map $beyond --quiet
        compare trained $ranks train $runs -n 20 -f json --measure 0,20
    done
    "$program" run $grid -n 5 --store some -o /dev/null
    "$program" run -p spannorm -L 3 -d 16 -H 4 -T 4 --shard 2/3 -n 13 --store some -o /dev/null # leaves gaps
    compare points 3 run $grid -n 13 --store some
    "$program" store --check some > /dev/null

    # Killed at once, all ranks: what was done is there, and no more is needed.
    "$program" run $grid -n 3000 > whole
    for i in 1 2 3; do
        timeout -s KILL 1 mpirun -n 2 "$program" run $grid -n 3000 --store killed -o /dev/null 2> /dev/null || true
    done
    sleep 1 # the ranks notice that mpirun is gone
    compare whole 2 run $grid -n 3000 --store killed

    # The same of training: finished runs, and the states of others on their way.
    for i in 1 2 3; do
        before=$("$program" store kept 2> /dev/null | grep -c '; training,' || true)
        mpirun -n 2 "$program" train $runs -n 4000 --store kept --checkpoint-every 0.1 -o /dev/null 2> /dev/null &
        job=$!
        until [ "$("$program" store kept 2> /dev/null | grep -c '; training,')" -gt "$before" ]; do sleep 0.1; done
        kill -KILL $job
        wait $job || true
        sleep 1
    done
    "$program" train $runs -n 300 --store some > whole
    for ranks in 1 2 3; do
        "$program" train $runs -n 300 -s 2 --store "some$ranks" > /dev/null
        compare whole $ranks train $runs -n 300 --store "some$ranks"
        compare whole $ranks train $runs -n 300 --store "some$ranks"
        compare whole $ranks train $runs -n 300 --checkpoint "point$ranks"
    done
    "$program" store --check kept > /dev/null

    # A rank that is killed while rank 0 is within its first sample: what it had handed over is there.
    printf 'echo $$ > rank.$OMPI_COMM_WORLD_RANK\nexec "$@"\n' > numbered
    timeout 300 mpirun -n 2 sh numbered "$program" run -L 400 -d 1024,16 -H 4 -T 16 -n 50 -j 1 --store died \
        -o /dev/null 2> words &
    job=$!
    until "$program" store died 2> /dev/null | grep ' samples[,;]' > found && grep -q ' samples, 0 to ' found; do
        kill -0 $job || fail 'a rank draws samples, and they are not kept'
        sleep 0.1
    done
    kill -KILL "$(cat rank.1)"
    status=0
    wait $job || status=$?
    grep -q '^ *0 samples;' found || fail "rank 0 takes samples between its own only: $(cat found)"
    [ "$status" -ne 0 ] || fail 'a killed rank ends with status 0'
    grep -q 'rank 1 .*signal 9' words || fail "a killed rank is not told of: $(cat words)"
    "$program" store died | grep -q ' samples, 0 to ' || fail 'a killed rank takes its samples along'

    # Ranks that fail alone, of every command that spreads. fails WORDS RANK-0-OPTIONS : RANK-1-OPTIONS
    fails() {
        expected=$1 status=0
        shift
        timeout 100 mpirun "$@" > /dev/null 2> words || status=$?
        [ "$status" -ne 0 ] && [ "$status" -ne 124 ] || fail "$*: a failing rank ends with status $status"
        grep -q "spanscope .*rank 1: .*$expected" words || fail "$*: a failing rank does not say '$expected': $(cat words)"
    }
    beyond='x = 1e200*(x + ffn(x))'
    range='leaves the range of double'
    fails "$range" -n 2 "$program" run -L 3 -d 16 -T 4 -p "prenorm,$beyond" -n 5
    fails "$range" -n 2 "$program" predict -L 3 -d 16 -T 4 -p "prenorm,$beyond"
    for command in "map $map" "train $runs -n 20"; do
        fails threads -n 1 "$program" $command : -n 1 "$program" $command -j 1000000
    done
    fails memory -n 1 "$program" train $runs -n 20 : -n 1 "$program" train $runs -n 20 -m 1K
}
echo 'mpi: 1, 2 and 3 ranks write the same bytes'

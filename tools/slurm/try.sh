#!/bin/bash
# Starts a Slurm cluster of one node on this machine, merges a family of models by several numbers of parts, kills parts and
# joins on the way, and compares every byte with a merge in one run. Needs root, slurm-wlm and munge.
#
#   try.sh WORK [SHAPE] [SOURCES]
#
# WORK takes about three times the models: for llama-1b and 3 sources some 20 GB. DEM names the command, if it is not dem.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${1:?"usage: try.sh WORK [SHAPE] [SOURCES]"}
shape=${2:-llama-1b}
sources=${3:-3}
parts_list=${PARTS:-"1 3 8"}
dem=${DEM:-dem}
mkdir -p "$work"
work=$(cd "$work" && pwd)
cluster=$work/cluster
host=$(hostname -s)
processors=$(nproc)
export SLURM_CONF=$cluster/slurm.conf
export DEM=$dem
cd "$work"

say() { echo "$(date +%T) $*"; }

stop() {
    for pid in slurmd slurmctld munged; do
        [ -f "$cluster/$pid.pid" ] && kill "$(cat "$cluster/$pid.pid")" 2>/dev/null || true
    done
}
trap stop EXIT

start_cluster() {
    rm -rf "$cluster"
    mkdir -p "$cluster/state" "$cluster/spool"
    chmod 700 "$cluster"
    dd if=/dev/urandom of="$cluster/munge.key" bs=1024 count=1 status=none
    chmod 600 "$cluster/munge.key"
    cat > "$cluster/slurm.conf" <<CONF
ClusterName=try
SlurmctldHost=$host
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge.socket
CryptoType=crypto/munge
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd.pid
SlurmctldLogFile=$cluster/slurmctld.log
SlurmdLogFile=$cluster/slurmd.log
SlurmctldPort=17817
SlurmdPort=17818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=requeue_setup_env_fail
ReturnToService=2
JobRequeue=1
KillWait=2
MpiDefault=none
NodeName=$host CPUs=$((processors * 2)) RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
    munged --force --key-file="$cluster/munge.key" --socket="$cluster/munge.socket" --pid-file="$cluster/munged.pid" \
        --log-file="$cluster/munged.log" --seed-file="$cluster/munged.seed"
    slurmctld
    slurmd
    for _ in $(seq 60); do
        sinfo -h -o %t 2>/dev/null | grep -q idle && return
        sleep 1
    done
    echo "the cluster does not start: see $cluster" >&2
    exit 1
}

make_models() {
    [ -d base ] || $dem synth --shape "$shape" --seed 1 --out base -q
    {
        echo "merge_method: ties"
        echo "base_model: base"
        echo "models:"
        for k in $(seq "$sources"); do
            [ -d "tuned-$k" ] || $dem synth --tuned-from base --seed "$((k + 1))" --out "tuned-$k" -q
            echo "  - {model: tuned-$k, parameters: {weight: 0.$((k + 2)), density: 0.4}}"
        done
    } > recipe.yaml
    say "$(du -ch base tuned-* | tail -1 | cut -f1) of models"
}

# Processes of dem that work on a plan, by its path.
working_on() { pgrep -f "merge $1 --part" || true; }

state_of() { scontrol show job "$1" 2>/dev/null | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p' | sort | uniq -c | tr -s ' \n' ' '; }

merge_in() {
    parts=$1 out=$work/out-$1 plan=$work/plan-$1.json kills=0 requeues=0 join_kills=0 pended=""
    rm -rf "$out" "$work"/.out-"$parts".dem-* "$work"/dem-*.log
    begin=$SECONDS
    SBATCH_OPTIONS="--cpus-per-task=1 --mem=0" "$here/submit.sh" "$work/recipe.yaml" "$out" "$parts" "$plan" \
        ${SHARDS:+--max-shard-size "$SHARDS"} > submitted.txt
    array=$(sed -n 's/parts: job \([0-9]*\).*/\1/p' submitted.txt)
    join=$(sed -n 's/.*join: job \([0-9]*\).*/\1/p' submitted.txt)
    while :; do
        sleep "${PAUSE:-4}"
        jobs=$(squeue -h -j "$array" -t R -o %i 2>/dev/null || true)
        pids=$(working_on "$plan")
        if [ "$kills" -lt 3 ] && [ -n "$pids" ]; then
            # The first one of those that work, at once and without a word.
            kill -9 "$(echo "$pids" | head -1)" 2>/dev/null && kills=$((kills + 1)) && pended=""
        elif [ "$requeues" -lt 2 ] && [ -n "$jobs" ]; then
            # As preemption does it, or a node that is taken away.
            scontrol requeue "$(echo "$jobs" | tail -1)" 2>/dev/null && requeues=$((requeues + 1)) && pended=""
        fi
        if [ "$join_kills" -lt 1 ] && pid=$(pgrep -f "join $plan" | head -1) && [ -n "$pid" ]; then
            kill -9 "$pid" && join_kills=1 && pended=""
        fi
        # What is requeued waits two minutes before it may begin again; here less, but not before its node has forgotten it.
        pending=$(squeue -h -t PD -o %A -j "$array,$join" 2>/dev/null | sort -u)
        for job in $pending; do
            case " $pended " in *" $job "*) scontrol update jobid="$job" starttime=now 2>/dev/null || true ;; esac
        done
        pended=$(echo $pending)
        case $(state_of "$join") in
            *COMPLETED*) break ;;
            *FAILED*|*CANCELLED*) say "the join failed:"; tail -qn 5 "$work"/dem-*.log; exit 1 ;;
        esac
        if squeue -h -j "$join" -o %r 2>/dev/null | grep -q DependencyNeverSatisfied; then
            say "a part failed:"
            tail -qn 5 "$work"/dem-part-*.log
            exit 1
        fi
    done
    diff -r whole "$out"
    leftover=$(find "$work" -maxdepth 1 -name ".out-$parts.*")
    [ -z "$leftover" ] || { echo "left behind: $leftover"; exit 1; }
    say "$parts parts: every byte the same; $((SECONDS - begin)) s with $kills parts killed, $requeues requeued, $join_kills joins killed"
    rm -rf "$out"
}

make_models
if [ ! -d whole ]; then
    begin=$SECONDS
    $dem merge recipe.yaml whole -q ${SHARDS:+--max-shard-size "$SHARDS"}
    say "one run: $((SECONDS - begin)) s"
fi
start_cluster
srun --cpus-per-task=1 -n 1 env | grep -E '^SLURM_(PROCID|STEP_NUM_TASKS)' | sort
for parts in $parts_list; do
    merge_in "$parts"
done

#!/usr/bin/env bash
# Checks lbsam on a machine with an NVIDIA GPU and its driver, and nothing else:
# no Go, no CUDA toolkit. It lies in the bundle that ./build.sh gpu-bundle makes.
#
#   ./gpu-check.sh OUT [STAGE ...]
#
# Stages, without an argument those up to torch, in this order:
#   host       the card, its driver, the program; a first start and a second one, which finds kernels compiled
#   driver     the binding, the driver and the training step with and without graphs
#   kernels    every kernel on the card against the reference loops; those that failed again, each alone
#   golden     reference traces of the published code, free-running and in lockstep
#   bits       two runs, and graph and stream, leave the same bytes
#   train      a training run to a stated accuracy
#   ceilings   what the card reaches at most: copies, its L2 cache, launches, products
#   bench      steps of resnet34 at batch 128
#   torch      the same with PyTorch, where TORCH_BENCH names its script
#   compiled   PyTorch with torch.compile in a graph too, which takes it minutes to compile
#   grid       steps of resnet18 and 50 at batch 128 too, and of all three at 512
#   sanitizer  compute-sanitizer memcheck and racecheck, where it is installed
#   seconds    CIFAR-10 in the folder DATA to 94% and 95%; single steps of resnet18, ours and PyTorch's
#   long       200 epochs of it
#
# OUT gets four files, all of which grow with every step, so that a call that is
# killed keeps what was found: table, log, bench.jsonl and torch.jsonl. The table,
# with the stages of earlier calls into the same OUT, is printed at the end. The
# exit status is 1 if a step of this call failed or was late.
#
# LIMIT      seconds for this call: steps that take longer are stopped, the rest counts as late
# RUNS       folder of training runs, by default one that is removed at the end. seconds and long
#            need it to go on in a next call where this one was stopped
# TRACES     file of more reference traces
# LBSAM_DEVICE  device, by default cuda; ptxsim tries the script itself without a
#            GPU, at sizes that an interpreter can do, and cpu its bench and torch
set -uo pipefail
usage() { sed -n '2,/^set/p' "$0" | grep '^#'; exit 2; }
[ $# -ge 1 ] || usage
out=$(realpath -m "$1")
shift
cd "$(dirname "$0")"
device=${LBSAM_DEVICE:-cuda}
first="host driver kernels golden bits train ceilings bench torch"
stages=" $first compiled grid sanitizer seconds long "
[ $# -gt 0 ] || set -- $first
for stage; do
	[[ $stages == *" $stage "* ]] || { echo "gpu-check.sh: unknown stage '$stage': want some of$stages" >&2; exit 2; }
done
[ -z "${DATA:-}" ] || DATA=$(realpath -m "$DATA")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
runs=$(realpath -m "${RUNS:-$scratch/runs}")
mkdir -p "$out" "$runs" || exit 2
log=$scratch/step.log # of one step
worst=0
export device runs
# The driver compiles the kernels when they are first used, and keeps them here.
export CUDA_CACHE_PATH=${CUDA_CACHE_PATH:-${TMPDIR:-/tmp}/lbsam-compiled} CUDA_CACHE_MAXSIZE=4294967296

# row writes a row of the table, in the place of an older one of that name.
row() {
	local line
	line=$(printf '%-36s %s' "$1" "$2")
	echo "$line"
	{ grep -v "^$1 " "$out/table" 2>/dev/null; echo "$line"; } >"$scratch/table"
	cp "$scratch/table" "$out/table.new" && mv "$out/table.new" "$out/table"
}

# step runs a command, logs it and writes its row. It is stopped after CAP
# seconds, or when the time of this call is over.
step() {
	local name=$1 start=$SECONDS most=${CAP:-86400} status verdict=PASS
	shift
	if [ -n "${LIMIT:-}" ] && [ $((LIMIT - SECONDS)) -lt "$most" ]; then
		most=$((LIMIT - SECONDS))
		[ $most -gt 0 ] || { worst=1; row "$name" "LATE  not begun"; return 124; }
	fi
	echo "== $name: $*" >>"$out/log"
	timeout -k 10 "$most" bash -c '"$@"' step "$@" 2>&1 | tee -a "$out/log" >"$log"
	status=${PIPESTATUS[0]}
	case $status in
	0) ;;
	124 | 137) verdict=LATE worst=1 ;;
	*) verdict=FAIL worst=1; tail -n 15 "$log" ;;
	esac
	row "$name" "$(printf '%s  %4d s' "$verdict" $((SECONDS - start)))$(sed -n 's/^found: /  /p' "$log" | tail -n 1)"
	return "$status"
}

skip() { row "$1" "SKIP  $2"; }

# tests runs a compiled test binary in the folder of its package.
tests() {
	local package=$1
	shift
	cd "$package" && LBSAM_GPU=$([ "$device" = cuda ] && echo 1) "./$(basename "$package").test" -test.v "$@"
}

# trained trains into a fresh folder.
trained() {
	local name=$1
	shift
	rm -rf "${runs:?}/$name"
	./lbsam train --device "$device" --out "$runs/$name" "$@"
}

# same trains twice and compares what is left.
same() {
	local a=$1 b=$2 first=$3 second=$4
	shift 4
	# shellcheck disable=SC2086
	trained "$a" $first "$@" && trained "$b" $second "$@" || return
	cmp "$runs/$a/last.safetensors" "$runs/$b/last.safetensors" && cmp "$runs/$a/state.safetensors" "$runs/$b/state.safetensors"
}

# epochs prints epoch, accuracy and seconds of training up to its end, for all epochs of a run.
epochs() {
	sed -n 's/^{"kind":"epoch","epoch":\([0-9]*\),.*"test":{"loss":[^,]*,"accuracy":\([0-9.e-]*\),.*"seconds":\([0-9.e-]*\)}$/\1 \2 \3/p' \
		"$runs/$1/metrics.jsonl" | awk '{ sum += $3; print $1, $2, sum }'
}

# accurate trains the demo and wants the given accuracy of it.
accurate() {
	local name=$1 wanted=$2
	shift 2
	trained "$name" "$@" || return
	epochs "$name" | tail -n 1 | awk -v wanted="$wanted" '{ a = $2 } END { print "found: accuracy " a ", " wanted " wanted"; exit !(a >= wanted) }'
}

# goes_on trains a run, or goes on with what an earlier call left of it, and tells when
# it reached its marks. When its time is over it is told to save.
goes_on() {
	local name=$1 status=0
	shift
	trap : TERM # which the program gets too
	if [ -e "$runs/$name/state.safetensors" ]; then
		set -- --resume "$runs/$name"
	else
		rm -rf "${runs:?}/$name"
		set -- --out "$runs/$name" "$@"
	fi
	[ -e "$runs/$name/DONE" ] || ./lbsam train --device "$device" "$@" || status=$?
	epochs "$name" | awk '
		$2 >= 0.94 && !a { a = sprintf("94%% after %.1f s, ", $3) }
		$2 >= 0.95 && !b { b = sprintf("95%% after %.1f s, ", $3) }
		{ if ($2 > best) best = $2; last = $1; s = $3 }
		END { printf "found: %s%sbest %.2f%%, epoch %d after %.1f s of training\n", a, b, 100 * best, last, s }'
	return $status
}
export -f tests trained same epochs accurate goes_on

# stages

host() {
	step host bash -c 'uname -a; nvidia-smi; ./lbsam env'
	local start=(./lbsam bench --device "$device" --model mlp --batch 2 --steps 1)
	[ "$device" != cuda ] || start=(./lbsam bench --device cuda --model resnet18 --batch 128 --steps 1 --precision fp16)
	step start-first "${start[@]}"
	step start-second "${start[@]}"
}

# The generated files were checked where they were made, and so were the trials
# that look for bugs in the interpreter.
kernels() {
	local skipped='IsCurrent|Mutants' name
	step kernels tests kernels -test.skip "$skipped"
	case $? in 0 | 124 | 137) return ;; esac
	# A kernel that faults takes its process along, and may be the only one.
	sed -n 's/^--- \(PASS\|SKIP\): \(Test[^ ]*\).*/\2/p' "$log" | sort >"$scratch/good"
	(cd kernels && ./kernels.test -test.list . -test.skip "$skipped") | grep '^Test' | grep -vE "$skipped" | sort >"$scratch/all"
	for name in $(comm -13 "$scratch/good" "$scratch/all"); do
		CAP=60 step "kernels-$name" tests kernels -test.run "^$name\$"
	done
}

driver() {
	if [ "$device" = cuda ]; then
		step driver-binding tests cuda5/cu -test.run GPU
		step driver tests kernels/cuda -test.run GPU
	else
		skip driver "takes a GPU"
	fi
	step training-step tests train -test.run 'PTX|Graphs|Resident'
}

golden() {
	local filter='' more=()
	[ "$device" = cuda ] || filter='mlp|convnet'
	[ -z "${TRACES:-}" ] || more=(--traces "$TRACES")
	step golden-free ./lbsam verify --device "$device" --filter "$filter" "${more[@]}"
	step golden-lockstep ./lbsam verify --device "$device" --lockstep --filter "${filter:+mlp}" "${more[@]}"
}

bits() {
	local run=(--seed 3 --epochs 1 --limit-batches 12)
	[ "$device" = cuda ] || run=(--model mlp --seed 3 --epochs 1 --limit-batches 3 --batch-size 4)
	step bits-two-runs same a b '' '' "${run[@]}"
	step bits-graph-and-stream same c d '' --graphs=false "${run[@]}"
	step bits-graph-fp16 same e f '' --graphs=false --precision fp16 "${run[@]}"
}

train() {
	if [ "$device" = cuda ]; then
		step train-to-80-percent-tf32 accurate demo 0.80
		step train-to-80-percent-fp16 accurate demo16 0.80 --precision fp16
	else
		step train-a-bit accurate demo 0 --epochs 1 --limit-batches 3 --batch-size 4 --model mlp
	fi
}

ceilings() { step ceilings ./lbsam bench --ceilings --device "$device"; }

# measure times one kind of step: MODEL BATCH MINIMIZER:K PRECISION [--recompute].
measure() {
	local name=bench-$1-$2-${3/:/-}-$4${5:-} size=(--steps 30 --warmup 5)
	[ "$device" = cuda ] || size=(--steps 2 --warmup 2)
	step "$name" ./lbsam bench --device "$device" --model "$1" --batch "$2" --minimizer "${3%:*}" --k "${3#*:}" --precision "$4" ${5:+"$5"} "${size[@]}" --json
	grep '^{' "$log" >>"$out/bench.jsonl"
}

bench() {
	local minimizer precision
	[ "$device" != ptxsim ] || { measure mlp 2 SGD:1 tf32; return; }
	[ "$device" != cpu ] || { measure resnet18 2 SGD:1 float32; return; } # which torch compares
	for minimizer in SGD:1 LookbehindSAM:2 SAM:1 LookbehindSAM:5; do
		for precision in fp16 tf32; do measure resnet34 128 $minimizer $precision; done
	done
	for minimizer in SGD:1 LookbehindSAM:2; do
		measure resnet34 128 $minimizer float32
		for precision in fp16 tf32; do measure resnet34 128 $minimizer $precision --recompute; done
	done
	for precision in fp16 tf32 float32; do
		step layers-$precision ./lbsam bench --device cuda --model resnet34 --precision $precision --layers --steps 5 --json
		grep '^{' "$log" >>"$out/bench.jsonl"
	done
}

grid() {
	local model batch minimizer precision
	[ "$device" = cuda ] || { measure mlp 3 SGD:1 fp16; return; }
	for batch in 128 512; do
		for model in resnet50 resnet18 resnet34; do
			[ $model-$batch != resnet34-128 ] || continue
			for minimizer in LookbehindSAM:2 SGD:1; do
				for precision in fp16 tf32 float32; do measure $model $batch $minimizer $precision; done
			done
		done
	done
}

# pytorch runs the script of TORCH_BENCH, whose lines of JSON are kept.
pytorch() {
	local name=$1
	shift
	[ "$device" = cuda ] || set -- --device cpu --model resnet18 --batch 2 --minimizer sgd --mode eager --steps 1 --warmup 0 --repeats 1
	if [ -n "${TORCH_BENCH:-}" ] && "${PYTHON:-python3}" -c 'import torch' 2>/dev/null; then
		step "$name" env PYTHONUNBUFFERED=1 "${PYTHON:-python3}" "$TORCH_BENCH" "$@"
		grep '^{' "$log" >>"$out/torch.jsonl"
	else
		skip "$name" "no TORCH_BENCH, or no PyTorch"
	fi
}

torch() {
	local all=(--model resnet34 --batch 128 --minimizer sgd,lookbehind --k 2 --steps 30)
	pytorch torch-fp16 "${all[@]}" --dtype fp16 --mode graphs,amp
	pytorch torch-tf32 "${all[@]}" --precision tf32 --mode graphs,eager
	pytorch torch-tf32-channels-last "${all[@]}" --precision tf32 --mode eager --channels-last
	pytorch torch-float32 "${all[@]}" --precision fp32 --mode graphs
}

compiled() { pytorch torch-compiled --model resnet34 --batch 128 --minimizer sgd,lookbehind --k 2 --steps 30 --dtype fp16 --mode compile_graphs; }

sanitizer() {
	local tool precision
	for tool in memcheck racecheck; do
		for precision in fp16 tf32; do
			if [ "$device" = cuda ] && command -v compute-sanitizer >/dev/null; then
				CAP=120 step "sanitizer-$tool-$precision" compute-sanitizer --tool "$tool" --error-exitcode 9 \
					./lbsam bench --device cuda --model resnet18 --batch 8 --minimizer LookbehindSAM --steps 1 --warmup 1 --precision "$precision"
			else
				skip "sanitizer-$tool-$precision" "compute-sanitizer is not installed"
			fi
		done
	done
}

# cifar trains on CIFAR-10, in small without a GPU.
cifar() {
	local name=$1
	shift
	[ -n "${DATA:-}" ] || { skip "$name" "no DATA"; return; }
	[ "$device" = cuda ] || set -- "$@" --model mlp --epochs 3 --warmup 0 --limit-batches 1 --batch-size 4
	step "$name" goes_on "$name" --dataset CIFAR10 --data "$DATA" "$@"
}

# seconds ends with single steps of the same kinds, for the time that PyTorch would
# take for as many.
seconds() {
	local precision minimizer
	for precision in fp16 tf32; do
		cifar "cifar-fast-SGD-$precision" --preset fast --minimizer SGD --precision $precision
		cifar "cifar-fast-SAM-$precision" --preset fast --minimizer SAM --precision $precision
		cifar "cifar-fast-Lookbehind-$precision" --preset fast --minimizer LookbehindSAM --k 2 --precision $precision
	done
	[ "$device" = cuda ] || return
	for precision in fp16 tf32; do
		for minimizer in SGD:1 SAM:1 LookbehindSAM:2; do measure resnet18 128 $minimizer $precision; done
	done
	local all=(--model resnet18 --batch 128 --minimizer sgd,sam,lookbehind --k 2 --steps 30)
	pytorch torch-resnet18-fp16 "${all[@]}" --dtype fp16 --mode graphs,amp
	pytorch torch-resnet18-tf32 "${all[@]}" --precision tf32 --mode graphs,eager
}

long() { cifar cifar-200-Lookbehind-fp16 --preset paper --minimizer LookbehindSAM --k 2 --model resnet34 --precision fp16; }

if ! found=$(./lbsam bench --device "$device" --model mlp --batch 2 --steps 1 --warmup 0 --json 2>&1); then
	row device "FAIL  $(tail -n 1 <<<"$found")"
	exit 1
fi
row device "PASS  $(sed -n 's/.*"card":"\([^"]*\)".*/\1/p' <<<"$found")"
for stage; do $stage; done
echo
cat "$out/table"
[ ! -s "$out/bench.jsonl" ] || { echo && ./lbsam bench --table "$out/bench.jsonl" --beside "$out/torch.jsonl"; }
exit $worst

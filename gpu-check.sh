#!/usr/bin/env bash
# Checks lbsam on a machine with an NVIDIA GPU and its driver, and nothing else:
# no Go, no CUDA toolkit. It lies in the bundle that ./build.sh gpu-bundle makes.
#
#   ./gpu-check.sh OUT [STAGE ...]
#
# Logs and tables go to the folder OUT, a short table to the terminal at the end.
# The exit status is that of the worst stage. Stages, all of them by default:
#   host       the card, its driver, the program
#   kernels    every kernel on the card against the reference loops, random sizes
#   driver     the binding, the driver and the training step with and without graphs
#   golden     reference traces of the published code, free-running and in lockstep
#   bits       two runs, and graph and stream, leave the same bytes
#   sanitizer  compute-sanitizer memcheck and racecheck, where it is installed
#   train      a training run to a stated accuracy
#   bench      steps of resnet18, 34 and 50 at batch 128 and 512, as JSON
#   torch      the same with PyTorch, where TORCH_BENCH names its script
#
# LBSAM_DEVICE (cuda) names the device; ptxsim tries the script itself without a
# GPU, at sizes that an interpreter can do. TRACES names a file of more traces.
set -uo pipefail
[ $# -ge 1 ] || { sed -n '2,/^set/p' "$0" | grep '^#'; exit 2; }
out=$(realpath -m "$1")
shift
cd "$(dirname "$0")"
device=${LBSAM_DEVICE:-cuda}
mkdir -p "$out"
: >"$out/table"
worst=0

# step runs a command, logs it and writes a row of the table.
step() {
	local name=$1 log="$out/$1.log" start=$SECONDS verdict=PASS
	shift
	if ! "$@" >"$log" 2>&1; then
		verdict=FAIL worst=1
		tail -n 15 "$log"
	fi
	printf '%-36s %s  %4d s\n' "$name" "$verdict" $((SECONDS - start)) | tee -a "$out/table"
}

skip() { printf '%-36s SKIP  %s\n' "$1" "$2" | tee -a "$out/table"; }

# tests runs a compiled test binary in the folder of its package.
tests() {
	local package=$1
	shift
	(cd "$package" && LBSAM_GPU=$([ "$device" = cuda ] && echo 1) "./$(basename "$package").test" -test.v "$@")
}

# trained trains into a fresh folder of OUT.
trained() {
	local name=$1
	shift
	rm -rf "${out:?}/$name"
	./lbsam train --device "$device" --out "$out/$name" "$@"
}

# same trains twice and compares what is left.
same() {
	local a=$1 b=$2 first=$3 second=$4
	shift 4
	# shellcheck disable=SC2086
	trained "$a" $first "$@" && trained "$b" $second "$@" || return
	cmp "$out/$a/last.safetensors" "$out/$b/last.safetensors" && cmp "$out/$a/state.safetensors" "$out/$b/state.safetensors"
}

# accurate trains the demo and wants the given accuracy of it.
accurate() {
	trained "$@" | tee "$out/train.json" || return
	local reached
	reached=$(sed -n 's/.*"test":{"loss":[^,]*,"accuracy":\([0-9.]*\).*/\1/p' "$out/train.json" | tail -n 1)
	echo "reached $reached, wanted 0.80"
	awk -v a="${reached:-0}" 'BEGIN { exit !(a >= 0.80) }'
}

# stages

host() {
	step host bash -c 'uname -a; nvidia-smi; ./lbsam version'
}

# The generated files were checked where they were made.
kernels() { step kernels tests kernels -test.skip 'IsCurrent'; }

driver() {
	step driver-binding tests cuda5/cu -test.run GPU
	step driver tests kernels/cuda -test.run GPU
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

sanitizer() {
	local tool
	for tool in memcheck racecheck; do
		if [ "$device" = cuda ] && command -v compute-sanitizer >/dev/null; then
			step "sanitizer-$tool" compute-sanitizer --tool "$tool" --error-exitcode 9 ./lbsam train --device cuda --no-out --epochs 1 --limit-batches 3
		else
			skip "sanitizer-$tool" "compute-sanitizer is not installed"
		fi
	done
}

train() {
	if [ "$device" = cuda ]; then
		step train-to-80-percent-tf32 accurate demo
		step train-to-80-percent-fp16 accurate demo16 --precision fp16
	else
		skip train-to-80-percent "takes a GPU"
	fi
}

bench() {
	local model batch minimizer precision name size=(--steps 30 --warmup 5)
	: >"$out/bench.jsonl"
	if [ "$device" != cuda ]; then
		step bench ./lbsam bench --device "$device" --model mlp --batch 2 --steps 2 --warmup 2 --json
		return
	fi
	for model in resnet18 resnet34 resnet50; do
		for batch in 128 512; do
			for minimizer in SGD:1 SAM:1 LookbehindSAM:2 LookbehindSAM:5; do
				for precision in tf32 fp16 float32; do
					name=bench-$model-$batch-${minimizer/:/-}-$precision
					step "$name" ./lbsam bench --device cuda --model $model --batch $batch --minimizer "${minimizer%:*}" \
						--k "${minimizer#*:}" --precision $precision "${size[@]}" --json
					grep '^{' "$out/$name.log" >>"$out/bench.jsonl"
				done
			done
		done
	done
}

torch() {
	if [ -n "${TORCH_BENCH:-}" ] && python3 -c 'import torch' 2>/dev/null; then
		step torch python3 "$TORCH_BENCH" --model resnet34 --batch 128 --minimizer sgd,sam,lookbehind --k 2,5 --mode eager,amp,graphs --steps 30
	else
		skip torch "no TORCH_BENCH, or no PyTorch"
	fi
}

for stage in "${@:-all}"; do
	case $stage in
	all) for each in host kernels driver golden bits sanitizer train bench torch; do $each; done ;;
	host | kernels | driver | golden | bits | sanitizer | train | bench | torch) $stage ;;
	*) echo "gpu-check.sh: unknown stage '$stage'" >&2; exit 2 ;;
	esac
done
echo
cat "$out/table"
exit $worst

#!/usr/bin/env bash
# Builds ./lbsam. With an argument it does one thing instead:
#   ./build.sh asm     write the assembly of kernels/ anew from kernels/asmgen
#   ./build.sh check   what a change must pass: format, vet, generated files, tests
#   ./build.sh size    lines of Go per package
set -euo pipefail
cd "$(dirname "$0")"

asm() {
	(cd kernels/asmgen && go run ./gemm && go run ./elementwise)
}

formatted() {
	local files
	files=$(gofmt -l .)
	[ -z "$files" ] || { echo "gofmt would change: $files" >&2; return 1; }
}

current() {
	asm
	git diff --exit-code --stat -- kernels || { echo "generated files were stale: commit what ./build.sh asm wrote" >&2; return 1; }
}

check() {
	formatted
	go vet ./...
	go vet -tags noasm ./...
	go vet -tags nocuda ./...
	(cd kernels/asmgen && go vet ./...)
	current
	go test ./...
	(cd cuda5 && go vet ./... && go vet -tags nocuda ./... && go test ./...)
	go test -tags noasm ./kernels/...
}

size() {
	for package in $(go list -f '{{.Dir}}' ./...); do
		printf '%6d  %s\n' "$(cat "$package"/*.go | wc -l)" "${package#"$PWD"/}"
	done
}

case "${1:-}" in
"") go build -trimpath -o lbsam ./cmd/lbsam ;;
asm | check | size) "$1" ;;
*) echo "build.sh: unknown argument '$1': want asm, check, size or none" >&2; exit 2 ;;
esac

#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

// The kernels that the fake can run, by name; any other does nothing.
//
//   dump(u64 dst, ...)               writes the 12 words of the launch's header and all its arguments to dst
//   axpy(u64 y, u64 x, f32 a, u32 n) y[i] += a x[i]
//   increment(u64 p)                 adds 1 to the 32-bit integer at p
//   crash(u32 result)                makes every later call fail with the result; without it, with an illegal address
//   pause(u32 ms)                    takes so many milliseconds of real time
//   hang()                           never ends
//   nothing(...)                     does not even enter a stream: it measures the call alone
int crashed;

static double seconds(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

int is_done(struct op *op) {
	if (op->kind != KERNEL) return 1;
	if (strcmp(op->f->name, "hang") == 0) return 0;
	if (strcmp(op->f->name, "pause") != 0) return 1;
	if (op->start == 0) op->start = seconds();
	return seconds() - op->start >= 1e-3 * *(unsigned *)op->args;
}

void run_kernel(struct op *op) {
	unsigned char *a = op->args;
	now += 0.5f;
	if (strcmp(op->f->name, "crash") == 0) crashed = op->f->bytes ? *(int *)a : ILLEGAL_ADDRESS;
	if (op->f->bytes < 8) return;
	CUdeviceptr p = *(CUdeviceptr *)a;
	if (strcmp(op->f->name, "dump") == 0) {
		char *dst = host(p, sizeof op->header + op->f->bytes);
		if (dst == NULL) abort();
		memcpy(dst, op->header, sizeof op->header);
		memcpy(dst + sizeof op->header, a, op->f->bytes);
	} else if (strcmp(op->f->name, "axpy") == 0) {
		unsigned n = *(unsigned *)(a + 20);
		float *y = host(p, 4 * n), *x = host(*(CUdeviceptr *)(a + 8), 4 * n);
		for (unsigned i = 0; i < n; i++) y[i] += *(float *)(a + 16) * x[i];
	} else if (strcmp(op->f->name, "increment") == 0) {
		++*(int *)host(p, 4);
	}
}

// fill_kernel makes op the launch of f with a copy of its arguments.
CUresult fill_kernel(struct op *op, struct function *f, const struct config *c, void **params, void **extra) {
	CHECK(f, FUNCTION)
	if (crashed) return crashed;
	unsigned threads = c->block[0] * c->block[1] * c->block[2];
	if (!c->grid[0] || !c->grid[1] || !c->grid[2] || !threads || threads > 1024) return INVALID_VALUE;
	if (c->shared > 49152 && (int)c->shared > f->attribute[8]) return INVALID_VALUE;
	*op = (struct op){.kind = KERNEL, .f = f};
	memcpy(op->header, c->grid, 28); // grid, block and shared lie together
	if (params && extra) return INVALID_VALUE;
	if (extra) {
		if (extra[0] != (void *)1 || extra[2] != (void *)2 || extra[4] != NULL) return INVALID_VALUE;
		if (*(size_t *)extra[3] != f->bytes) return INVALID_VALUE;
		memcpy(op->args, extra[1], f->bytes);
		return SUCCESS;
	}
	if (f->params && params == NULL) return INVALID_VALUE;
	for (int i = 0; i < f->params; i++) memcpy(op->args + f->param[i].offset, params[i], f->param[i].size);
	return SUCCESS;
}

static CUresult launch(struct function *f, const struct config *c, void **params, void **extra, const unsigned *attributes) {
	struct stream *s = stream_of(c->stream);
	if (s == NULL) return INVALID_HANDLE;
	struct op *op = malloc(sizeof *op);
	CUresult r = fill_kernel(op, f, c, params, extra);
	if (r != SUCCESS) {
		free(op);
		return r;
	}
	if (attributes) memcpy(op->header + 7, attributes, 20);
	return enqueue(s, op);
}

CUresult cuLaunchKernel(struct function *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
			unsigned shared, struct stream *s, void **params, void **extra) {
	if (f != NULL && f->tag == FUNCTION && f->nothing) return SUCCESS;
	ENTER_CONTEXT
	struct config c = {{gx, gy, gz}, {bx, by, bz}, shared, s, NULL, 0};
	return launch(f, &c, params, extra, NULL);
}

// attributes reads the attributes of a launch: cluster dimension, programmatic
// stream serialization, cooperative.
static CUresult attributes(const struct config *c, unsigned out[5]) {
	memset(out, 0, 20);
	for (unsigned i = 0; i < c->count; i++) switch (c->attrs[i].id) {
		case 2: out[4] = c->attrs[i].value[0]; break;
		case 4: memcpy(out, c->attrs[i].value, 12); break;
		case 6: out[3] = c->attrs[i].value[0]; break;
		default: return INVALID_VALUE;
		}
	return SUCCESS;
}

CUresult cuLaunchKernelEx(const struct config *c, struct function *f, void **params, void **extra) {
	ENTER_CONTEXT
	unsigned a[5];
	CUresult r = attributes(c, a);
	return r != SUCCESS ? r : launch(f, c, params, extra, a);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *n, struct function *f, int block, size_t shared, unsigned flags) {
	ENTER_CONTEXT
	CHECK(f, FUNCTION)
	if (block <= 0 || flags > 1) return INVALID_VALUE;
	*n = 2048 / block;
	if (shared && *n > (int)(233472 / shared)) *n = 233472 / shared;
	return SUCCESS;
}

CUresult cuOccupancyMaxPotentialBlockSize(int *grid, int *block, struct function *f, void *shared_of_block, size_t shared, int limit) {
	ENTER_CONTEXT
	CHECK(f, FUNCTION)
	if (shared_of_block || shared > 232448) return INVALID_VALUE;
	*block = limit && limit < 1024 ? limit : 1024;
	*grid = 132 * (2048 / *block);
	return SUCCESS;
}

CUresult cuOccupancyMaxActiveClusters(int *n, struct function *f, const struct config *c) {
	ENTER_CONTEXT
	CHECK(f, FUNCTION)
	unsigned a[5];
	CUresult r = attributes(c, a);
	if (r != SUCCESS || a[0] == 0) return r ? r : INVALID_VALUE;
	*n = 132 / (a[0] * a[1] * a[2]);
	return SUCCESS;
}

// cuTensorMapEncodeTiled writes its arguments into the map, in order.
CUresult cuTensorMapEncodeTiled(uint64_t *map, int type, unsigned rank, CUdeviceptr address, const uint64_t *dim,
				const uint64_t *strides, const unsigned *box, const unsigned *element, int interleave,
				int swizzle, int promotion, int fill) {
	ENTER
	if ((uintptr_t)map % 64 || rank < 1 || rank > 2) return INVALID_VALUE;
	uint64_t words[16] = {type, rank, address, dim[0], dim[rank - 1], rank > 1 ? strides[0] : 0,
			      box[0], box[rank - 1], element[0], element[rank - 1], interleave, swizzle, promotion, fill};
	memcpy(map, words, sizeof words);
	return SUCCESS;
}

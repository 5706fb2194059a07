#include "fake.h"

#include <stdlib.h>
#include <string.h>

// A device address is its host address plus this, so that it cannot be used on
// the host by mistake.
#define DEVICE (1ull << 60)
#define TOTAL (1ull << 33)

static struct allocation {
	CUdeviceptr base;
	size_t size;
	int pinned;
	struct allocation *next;
} *allocations;
static size_t used;

static struct allocation **find(CUdeviceptr p, size_t n) {
	struct allocation **a = &allocations;
	while (*a && !((*a)->base <= p && p - (*a)->base <= (*a)->size && n <= (*a)->size - (p - (*a)->base)))
		a = &(*a)->next;
	return a;
}

void *host(CUdeviceptr p, size_t n) {
	struct allocation *a = *find(p, n);
	if (a == NULL) return NULL;
	return (void *)(uintptr_t)(a->pinned ? p : p - DEVICE);
}

static CUdeviceptr add(void *p, size_t n, int pinned) {
	struct allocation *a = malloc(sizeof *a);
	*a = (struct allocation){(uintptr_t)p + (pinned ? 0 : DEVICE), n, pinned, allocations};
	allocations = a;
	used += n;
	return a->base;
}

CUdeviceptr allocate(size_t n) {
	void *p = aligned_alloc(256, (n + 255) & ~(size_t)255);
	memset(p, 0xcd, n); // junk
	return add(p, n, 0);
}

static CUresult release(CUdeviceptr p, int pinned, int give_back) {
	struct allocation **at = find(p, 1), *a = *at;
	if (a == NULL || a->base != p || a->pinned != pinned) return INVALID_VALUE;
	if (give_back) free((void *)(uintptr_t)(pinned ? p : p - DEVICE));
	used -= a->size;
	*at = a->next;
	free(a);
	return SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr *p, size_t n) {
	ENTER_UNCAPTURED
	if (n == 0) return INVALID_VALUE;
	if (n > TOTAL - used) return OUT_OF_MEMORY;
	*p = allocate(n);
	return SUCCESS;
}

CUresult cuMemFree_v2(CUdeviceptr p) {
	ENTER_UNCAPTURED
	if (p == 0) return SUCCESS;
	drain_blocking();
	return release(p, 0, 1);
}

CUresult cuMemAllocAsync(CUdeviceptr *p, size_t n, struct stream *s) {
	ENTER_CONTEXT
	if (stream_of(s) == NULL) return INVALID_HANDLE;
	if (n == 0) return INVALID_VALUE;
	*p = allocate(n);
	return SUCCESS;
}

CUresult cuMemFreeAsync(CUdeviceptr p, struct stream *s) {
	ENTER_CONTEXT
	if (stream_of(s) == NULL) return INVALID_HANDLE;
	drain(stream_of(s));
	return release(p, 0, 1);
}

CUresult cuMemGetInfo_v2(size_t *available, size_t *total) {
	ENTER_CONTEXT
	*available = TOTAL - used;
	*total = TOTAL;
	return SUCCESS;
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *size, CUdeviceptr p) {
	ENTER_CONTEXT
	struct allocation *a = *find(p, 1);
	if (a == NULL) return NOT_FOUND;
	*base = a->base;
	*size = a->size;
	return SUCCESS;
}

CUresult cuPointerGetAttribute(void *value, int attribute, CUdeviceptr p) {
	ENTER_CONTEXT
	struct allocation *a = *find(p, 1);
	if (a == NULL || attribute != 2) return INVALID_VALUE;
	*(unsigned *)value = a->pinned ? 1 : 2;
	return SUCCESS;
}

static CUresult allocate_host(void **p, size_t n, unsigned flags) {
	if (n == 0 || flags & ~7u) return INVALID_VALUE;
	*p = aligned_alloc(4096, (n + 4095) & ~(size_t)4095);
	add(*p, n, 1);
	return SUCCESS;
}

CUresult cuMemHostAlloc(void **p, size_t n, unsigned flags) {
	ENTER_UNCAPTURED
	return allocate_host(p, n, flags);
}

CUresult cuMemAllocHost_v2(void **p, size_t n) {
	ENTER_UNCAPTURED
	return allocate_host(p, n, 0);
}

CUresult cuMemFreeHost(void *p) {
	ENTER_UNCAPTURED
	return release((uintptr_t)p, 1, 1);
}

CUresult cuMemHostRegister_v2(void *p, size_t n, unsigned flags) {
	ENTER_UNCAPTURED
	if (p == NULL || n == 0 || flags & ~15u) return INVALID_VALUE;
	add(p, n, 1);
	return SUCCESS;
}

CUresult cuMemHostUnregister(void *p) {
	ENTER_UNCAPTURED
	return release((uintptr_t)p, 1, 0);
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *d, void *p, unsigned flags) {
	ENTER_CONTEXT
	if (host((uintptr_t)p, 1) == NULL || flags != 0) return INVALID_VALUE;
	*d = (uintptr_t)p;
	return SUCCESS;
}

// work adds a copy or a fill to a stream, or does it at once where s is NULL.
static CUresult work(struct stream **s, struct op o) {
	if (o.dst == NULL || (o.kind == MEMCPY && o.src == NULL)) return INVALID_VALUE;
	struct stream *q = s ? stream_of(*s) : &legacy;
	if (q == NULL) return INVALID_HANDLE;
	if (s == NULL && forbidden()) return CAPTURE_UNSUPPORTED;
	struct op *op = malloc(sizeof *op);
	*op = o;
	CUresult r = enqueue(q, op);
	if (s == NULL) drain(&legacy);
	return r;
}

// pageable is work for an asynchronous copy of host memory, for which the driver
// waits where that memory is not pinned.
static CUresult pageable(struct stream **s, struct op o, const void *memory) {
	CUresult r = work(s, o);
	struct stream *q = stream_of(*s);
	if (r != SUCCESS || host((uintptr_t)memory, o.n) != NULL) return r;
	if (q->capture) {
		q->capture->invalid = 1;
		return CAPTURE_UNSUPPORTED;
	}
	drain(q);
	return SUCCESS;
}

static struct op copy(void *dst, const void *src, size_t n) {
	return (struct op){.kind = MEMCPY, .dst = dst, .src = src, .n = n};
}

static struct op fill(CUdeviceptr p, unsigned value, unsigned width, size_t n) {
	return (struct op){.kind = MEMSET, .dst = host(p, n * width), .value = value, .width = width, .n = n};
}

#define COPY(name, args, op, stream)                                          \
	CUresult name args {                                                  \
		ENTER_CONTEXT                                                 \
		return work(stream, op);                                      \
	}

COPY(cuMemcpy, (CUdeviceptr d, CUdeviceptr s, size_t n), copy(host(d, n), host(s, n), n), NULL)
COPY(cuMemcpyAsync, (CUdeviceptr d, CUdeviceptr s, size_t n, struct stream *q), copy(host(d, n), host(s, n), n), &q)
COPY(cuMemcpyHtoD_v2, (CUdeviceptr d, const void *s, size_t n), copy(host(d, n), s, n), NULL)
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr d, const void *s, size_t n, struct stream *q) {
	ENTER_CONTEXT
	return pageable(&q, copy(host(d, n), s, n), s);
}
COPY(cuMemcpyDtoH_v2, (void *d, CUdeviceptr s, size_t n), copy(d, host(s, n), n), NULL)
CUresult cuMemcpyDtoHAsync_v2(void *d, CUdeviceptr s, size_t n, struct stream *q) {
	ENTER_CONTEXT
	return pageable(&q, copy(d, host(s, n), n), d);
}
COPY(cuMemcpyDtoD_v2, (CUdeviceptr d, CUdeviceptr s, size_t n), copy(host(d, n), host(s, n), n), NULL)
COPY(cuMemcpyDtoDAsync_v2, (CUdeviceptr d, CUdeviceptr s, size_t n, struct stream *q), copy(host(d, n), host(s, n), n), &q)
COPY(cuMemcpyPeer, (CUdeviceptr d, struct context *dc, CUdeviceptr s, struct context *sc, size_t n),
     dc && sc ? copy(host(d, n), host(s, n), n) : copy(NULL, NULL, n), NULL)
COPY(cuMemcpyPeerAsync, (CUdeviceptr d, struct context *dc, CUdeviceptr s, struct context *sc, size_t n, struct stream *q),
     dc && sc ? copy(host(d, n), host(s, n), n) : copy(NULL, NULL, n), &q)
COPY(cuMemsetD8_v2, (CUdeviceptr p, unsigned char v, size_t n), fill(p, v, 1, n), NULL)
COPY(cuMemsetD16_v2, (CUdeviceptr p, unsigned short v, size_t n), fill(p, v, 2, n), NULL)
COPY(cuMemsetD32_v2, (CUdeviceptr p, unsigned v, size_t n), fill(p, v, 4, n), NULL)
COPY(cuMemsetD8Async, (CUdeviceptr p, unsigned char v, size_t n, struct stream *q), fill(p, v, 1, n), &q)
COPY(cuMemsetD16Async, (CUdeviceptr p, unsigned short v, size_t n, struct stream *q), fill(p, v, 2, n), &q)
COPY(cuMemsetD32Async, (CUdeviceptr p, unsigned v, size_t n, struct stream *q), fill(p, v, 4, n), &q)

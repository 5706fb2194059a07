#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int initialized, devices = 2;
int version = 12080;
static int capability = 90;
static const char *failing;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static __thread struct context *stack[16]; // of current contexts
static __thread int depth;
static struct context primary[16];
static int retained[16];

__attribute__((constructor)) static void environment(void) {
	failing = getenv("FAKECUDA_FAIL");
	if (getenv("FAKECUDA_VERSION")) version = atoi(getenv("FAKECUDA_VERSION"));
	if (getenv("FAKECUDA_DEVICES")) devices = atoi(getenv("FAKECUDA_DEVICES"));
	if (getenv("FAKECUDA_CAPABILITY")) capability = atoi(getenv("FAKECUDA_CAPABILITY"));
}

CUresult enter(int *locked, const char *name) {
	pthread_mutex_lock(&mutex);
	*locked = 1;
	if (failing == NULL) return SUCCESS;
	size_t n = strlen(name);
	for (const char *p = failing; (p = strstr(p, name)) != NULL; p += n)
		if (p[n] == '=' && (p == failing || p[-1] == ',')) return atoi(p + n + 1);
	return SUCCESS;
}

void leave(int *locked) {
	if (*locked) pthread_mutex_unlock(&mutex);
}

struct context *current(void) { return depth ? stack[depth - 1] : NULL; }

CUresult cuInit(unsigned flags) {
	ENTER_UNINITIALIZED
	if (flags != 0) return INVALID_VALUE;
	if (devices == 0) return NO_DEVICE;
	initialized = 1;
	return SUCCESS;
}

CUresult cuDriverGetVersion(int *v) {
	ENTER_UNINITIALIZED
	*v = version;
	return SUCCESS;
}

static const struct { int code; const char *name, *text; } results[] = {
	{0, "CUDA_SUCCESS", "no error"},
	{1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
	{2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
	{100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
	{201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
	{218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
	{700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
	{719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
	{12345, "CUDA_ERROR_OF_THE_FUTURE", "an error that this package does not know"},
};

static CUresult text(int code, const char **s, int name) {
	for (size_t i = 0; i < sizeof results / sizeof *results; i++)
		if (results[i].code == code) {
			*s = name ? results[i].name : results[i].text;
			return SUCCESS;
		}
	*s = NULL;
	return INVALID_VALUE;
}
CUresult cuGetErrorName(CUresult r, const char **s) { return text(r, s, 1); }
CUresult cuGetErrorString(CUresult r, const char **s) { return text(r, s, 0); }

CUresult cuDeviceGetCount(int *n) {
	ENTER
	*n = devices;
	return SUCCESS;
}

CUresult cuDeviceGet(int *dev, int ordinal) {
	ENTER
	if (ordinal < 0 || ordinal >= devices) return INVALID_DEVICE;
	*dev = ordinal;
	return SUCCESS;
}

CUresult cuDeviceGetName(char *s, int n, int dev) {
	ENTER
	if (dev < 0 || dev >= devices) return INVALID_DEVICE;
	snprintf(s, n, "Fake GPU %d", dev);
	return SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t *n, int dev) {
	ENTER
	if (dev < 0 || dev >= devices) return INVALID_DEVICE;
	*n = 1ull << 33;
	return SUCCESS;
}

CUresult cuDeviceGetAttribute(int *v, int attribute, int dev) {
	static const int values[160] = {
		[1] = 1024, 1024, 1024, 64, 2147483647, 65535, 65535, 49152, 65536, 32,
		[11] = 2147483647, 65536, 1980000, 512, [16] = 132, [36] = 2619000, 5120, 52428800, 2048, 3, 1,
		[81] = 233472, [95] = 1, [97] = 232448,
	};
	ENTER
	if (dev < 0 || dev >= devices) return INVALID_DEVICE;
	if (attribute < 1 || attribute >= 160) return INVALID_VALUE;
	*v = attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : values[attribute];
	return SUCCESS;
}

CUresult cuDeviceGetUuid_v2(unsigned char *uuid, int dev) {
	ENTER
	for (int i = 0; i < 16; i++) uuid[i] = 16 * dev + i;
	return SUCCESS;
}

CUresult cuCtxCreate_v2(struct context **c, unsigned flags, int dev) {
	ENTER
	if (dev < 0 || dev >= devices) return INVALID_DEVICE;
	if (depth == 16 || flags & ~0xffu) return INVALID_VALUE;
	*c = calloc(1, sizeof **c);
	**c = (struct context){CONTEXT, dev, flags};
	stack[depth++] = *c;
	return SUCCESS;
}

CUresult cuCtxDestroy_v2(struct context *c) {
	ENTER
	CHECK(c, CONTEXT)
	c->tag = 0;
	if (current() == c) depth--;
	return SUCCESS;
}

CUresult cuCtxGetCurrent(struct context **c) {
	ENTER
	*c = current();
	return SUCCESS;
}

CUresult cuCtxSetCurrent(struct context *c) {
	ENTER
	if (c == NULL) {
		if (depth) depth--;
		return SUCCESS;
	}
	CHECK(c, CONTEXT)
	stack[depth ? depth - 1 : depth++] = c;
	return SUCCESS;
}

CUresult cuCtxPushCurrent_v2(struct context *c) {
	ENTER
	CHECK(c, CONTEXT)
	if (depth == 16) return INVALID_VALUE;
	stack[depth++] = c;
	return SUCCESS;
}

CUresult cuCtxPopCurrent_v2(struct context **c) {
	ENTER
	if (current() == NULL) return INVALID_CONTEXT;
	*c = stack[--depth];
	return SUCCESS;
}

CUresult cuCtxGetDevice(int *dev) {
	ENTER_CONTEXT
	*dev = current()->device;
	return SUCCESS;
}

CUresult cuCtxGetApiVersion(struct context *c, unsigned *v) {
	ENTER
	CHECK(c, CONTEXT)
	*v = 3020;
	return SUCCESS;
}

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
	ENTER_CONTEXT
	*least = 0;
	*greatest = -5;
	return SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(struct context **c, int dev) {
	ENTER
	if (dev < 0 || dev >= devices) return INVALID_DEVICE;
	primary[dev].tag = CONTEXT;
	primary[dev].device = dev;
	retained[dev]++;
	*c = &primary[dev];
	return SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(int dev) {
	ENTER
	if (dev < 0 || dev >= devices) return INVALID_DEVICE;
	if (retained[dev] == 0) return INVALID_CONTEXT;
	if (--retained[dev] == 0) primary[dev].tag = 0;
	return SUCCESS;
}

CUresult cuDevicePrimaryCtxSetFlags_v2(int dev, unsigned flags) {
	ENTER
	primary[dev].flags = flags;
	return SUCCESS;
}

CUresult cuDevicePrimaryCtxGetState(int dev, unsigned *flags, int *active) {
	ENTER
	*flags = primary[dev].flags;
	*active = retained[dev] > 0;
	return SUCCESS;
}

CUresult cuDeviceCanAccessPeer(int *can, int dev, int peer) {
	ENTER
	*can = dev != peer;
	return SUCCESS;
}

CUresult cuCtxEnablePeerAccess(struct context *peer, unsigned flags) {
	ENTER_CONTEXT
	CHECK(peer, CONTEXT)
	return flags == 0 ? SUCCESS : INVALID_VALUE;
}

CUresult cuCtxDisablePeerAccess(struct context *peer) {
	ENTER_CONTEXT
	CHECK(peer, CONTEXT)
	return SUCCESS;
}

CUresult cuProfilerStart(void) {
	ENTER_CONTEXT
	return SUCCESS;
}

CUresult cuProfilerStop(void) {
	ENTER_CONTEXT
	return SUCCESS;
}

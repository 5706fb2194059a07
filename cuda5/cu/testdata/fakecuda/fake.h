// A stand-in for the CUDA driver library, for tests without a GPU.
//
// It checks what it is given, as the real driver does, and is stricter where
// that finds mistakes: device addresses cannot be used on the host, work in a
// stream runs as late as the rules of CUDA allow, and each OS thread has its
// own current context. Kernels are looked up by name in the PTX text, which
// gives the sizes of their parameters, and run as C functions: see launch.c.
//
// The environment variables, read when the library is loaded:
//   FAKECUDA_VERSION=10020     the version of CUDA that it claims
//   FAKECUDA_DEVICES=0         the number of devices
//   FAKECUDA_CAPABILITY=75     their compute capability, 90 by default
//   FAKECUDA_FAIL=name=code,.. functions that fail, with the result
// To leave out a function, compile with -Dname=without_name.

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

extern int version;

typedef int CUresult;
typedef uint64_t CUdeviceptr;

enum {
	SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3,
	NO_DEVICE = 100, INVALID_DEVICE = 101, INVALID_IMAGE = 200, INVALID_CONTEXT = 201,
	INVALID_PTX = 218, FILE_NOT_FOUND = 301, INVALID_HANDLE = 400, ILLEGAL_STATE = 401,
	NOT_FOUND = 500, NOT_READY = 600, ILLEGAL_ADDRESS = 700, PRIMARY_CONTEXT_ACTIVE = 708,
	CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901, CAPTURE_UNMATCHED = 903,
	CAPTURE_UNJOINED = 904, CAPTURE_IMPLICIT = 906, CAPTURED_EVENT = 907, CAPTURE_WRONG_THREAD = 908,
	GRAPH_EXEC_UPDATE_FAILURE = 910,
};

enum { CONTEXT = 0xc0, MODULE, FUNCTION, STREAM, EVENT, GRAPH, EXEC }; // struct tags

struct context {
	int tag, device;
	unsigned flags;
};

struct function {
	int tag;
	char name[64];
	struct { size_t offset, size; } param[32];
	int params;
	size_t bytes; // of all parameters, with padding
	int attribute[16], nothing;
	struct module *module;
	struct function *next;
};

struct module {
	int tag;
	char *image;
	struct function *functions;
};

// The types of graph nodes, with the driver's numbers.
enum { KERNEL = 0, MEMCPY = 1, MEMSET = 2, WAIT = 6, RECORD = 7 };

struct config { // of a launch: CUlaunchConfig
	unsigned grid[3], block[3], shared;
	struct stream *stream;
	struct attribute { int id; int pad; unsigned value[16]; } *attrs;
	unsigned count;
};

struct op {
	int kind, id;
	struct function *f;
	unsigned header[12]; // grid, block, shared, cluster, serialization, cooperative
	unsigned char args[1024];
	void *dst;
	const void *src;
	size_t n;
	unsigned value, width;
	struct event *event;
	uint64_t ticket;
	double start; // of a kernel that takes time, in seconds
	struct op *next;
};

struct list {
	struct op *first, *last;
	int count;
};

struct stream {
	int tag;
	unsigned flags;
	int priority;
	struct list queue;
	struct graph *capture; // where work goes during a capture
	int origin, joined;
	struct stream *next;
};

struct graph { // also an executable graph
	int tag, mode, invalid, ids;
	pthread_t thread;
	struct list ops;
};

struct event {
	int tag;
	unsigned flags;
	uint64_t recorded, done; // tickets
	struct stream *stream;
	struct graph *capture;
	float time; // in milliseconds: every kernel takes half of one
};

// ENTER locks the library until the function returns, and returns at once
// where the call is told to fail, or comes before cuInit.
#define ENTER_UNINITIALIZED                                                   \
	__attribute__((cleanup(leave))) int locked_ = 0;                      \
	{                                                                     \
		CUresult r_ = enter(&locked_, __func__);                      \
		if (r_ != SUCCESS) return r_;                                 \
	}
#define ENTER                                                                 \
	ENTER_UNINITIALIZED                                                   \
	if (!initialized) return NOT_INITIALIZED;
#define ENTER_CONTEXT                                                         \
	ENTER                                                                 \
	if (current() == NULL) return INVALID_CONTEXT;                        \
	if (crashed) return crashed;
// Calls that a capture forbids: they invalidate it.
#define ENTER_UNCAPTURED                                                      \
	ENTER_CONTEXT                                                         \
	if (forbidden()) return CAPTURE_UNSUPPORTED;
#define CHECK(handle, kind)                                                   \
	if ((handle) == NULL || (handle)->tag != (kind)) return INVALID_HANDLE;

extern int initialized, devices;
extern int crashed; // the result of every later call, not 0 after a kernel that failed
extern struct stream legacy; // the default stream
extern float now;

CUresult enter(int *locked, const char *name);
void leave(int *locked);
struct context *current(void);
int forbidden(void);
void *host(CUdeviceptr p, size_t n); // NULL outside every allocation
CUdeviceptr allocate(size_t n);

struct stream *stream_of(struct stream *s); // NULL where it is no stream
void append(struct list *l, struct op *op);
CUresult enqueue(struct stream *s, struct op *op); // takes op over
void drain(struct stream *s);
void drain_blocking(void);
int is_done(struct op *op); // 0 where a kernel takes more time
void run_kernel(struct op *op);
CUresult fill_kernel(struct op *op, struct function *f, const struct config *c, void **params, void **extra);

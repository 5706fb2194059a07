#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct stream legacy = {.tag = STREAM};
float now;
static struct stream *streams;
static __thread int thread_mode; // global, thread local, relaxed

struct stream *stream_of(struct stream *s) {
	if (s == NULL) return &legacy;
	return s->tag == STREAM ? s : NULL;
}

void append(struct list *l, struct op *op) {
	op->next = NULL;
	if (l->first) l->last->next = op;
	else l->first = op;
	l->last = op;
	l->count++;
}

// step runs the oldest work of a stream, and first what that waits for. It
// returns 0 where that is not done yet.
static int step(struct stream *s) {
	struct op *op = s->queue.first;
	if (!is_done(op)) return 0;
	if (op->kind == WAIT)
		while (op->event->done < op->ticket && op->event->stream->queue.first)
			if (!step(op->event->stream)) return 0;
	s->queue.first = op->next;
	s->queue.count--;
	switch (op->kind) {
	case KERNEL: run_kernel(op); break;
	case MEMCPY: memmove(op->dst, op->src, op->n); break;
	case MEMSET:
		for (size_t i = 0; i < op->n; i++) memcpy((char *)op->dst + i * op->width, &op->value, op->width);
		break;
	case RECORD:
		op->event->done = op->ticket;
		op->event->time = now;
	}
	free(op);
	return 1;
}

// block is step for calls that wait. A wait that would last for ever ends the
// program: the caller must not have made it.
static void block(struct stream *s) {
	for (int i = 0; !step(s); i++) {
		if (i == 20000) {
			fprintf(stderr, "fakecuda: a call waits for a kernel that does not end\n");
			abort();
		}
		usleep(100);
	}
}

void drain(struct stream *s) {
	while (s->queue.first) block(s);
}

void drain_blocking(void) {
	for (struct stream *s = streams; s; s = s->next)
		if (!(s->flags & 1)) drain(s);
	drain(&legacy);
}

CUresult enqueue(struct stream *s, struct op *op) {
	if (s->capture) {
		if (s->capture->invalid) return CAPTURE_INVALIDATED;
		op->id = ++s->capture->ids;
		append(&s->capture->ops, op);
		s->joined = 0;
		return SUCCESS;
	}
	if (s == &legacy) {
		for (struct stream *q = streams; q; q = q->next)
			if (q->capture && !(q->flags & 1)) {
				q->capture->invalid = 1;
				return CAPTURE_IMPLICIT;
			}
		drain_blocking();
	} else if (!(s->flags & 1)) {
		drain(&legacy);
	}
	append(&s->queue, op);
	if (s->queue.count > 1000) step(s);
	return SUCCESS;
}

int forbidden(void) {
	int found = 0;
	if (thread_mode == 2) return 0;
	for (struct stream *s = streams; s; s = s->next) {
		struct graph *g = s->capture;
		if (g && (g->mode == 0 || (g->mode == 1 && pthread_equal(g->thread, pthread_self())))) found = g->invalid = 1;
	}
	return found;
}

static CUresult create(struct stream **s, unsigned flags, int priority) {
	if (flags > 1) return INVALID_VALUE;
	*s = calloc(1, sizeof **s);
	(*s)->tag = STREAM;
	(*s)->flags = flags;
	(*s)->priority = priority > 0 ? 0 : priority < -5 ? -5 : priority;
	(*s)->next = streams;
	streams = *s;
	return SUCCESS;
}

CUresult cuStreamCreate(struct stream **s, unsigned flags) {
	ENTER_CONTEXT
	return create(s, flags, 0);
}

CUresult cuStreamCreateWithPriority(struct stream **s, unsigned flags, int priority) {
	ENTER_CONTEXT
	return create(s, flags, priority);
}

CUresult cuStreamGetPriority(struct stream *s, int *priority) {
	ENTER_CONTEXT
	if (stream_of(s) == NULL) return INVALID_HANDLE;
	*priority = stream_of(s)->priority;
	return SUCCESS;
}

CUresult cuStreamDestroy_v2(struct stream *s) {
	ENTER_CONTEXT
	CHECK(s, STREAM)
	drain(s);
	s->tag = 0;
	for (struct stream **p = &streams; *p; p = &(*p)->next)
		if (*p == s) {
			*p = s->next;
			break;
		}
	return SUCCESS;
}

CUresult cuStreamSynchronize(struct stream *s) {
	ENTER_CONTEXT
	if (stream_of(s) == NULL) return INVALID_HANDLE;
	if (stream_of(s)->capture) {
		stream_of(s)->capture->invalid = 1;
		return CAPTURE_UNSUPPORTED;
	}
	if (s == NULL) drain_blocking();
	else drain(s);
	return SUCCESS;
}

CUresult cuStreamQuery(struct stream *s) {
	ENTER_CONTEXT
	struct stream *q = stream_of(s);
	if (q == NULL) return INVALID_HANDLE;
	if (q->capture) {
		q->capture->invalid = 1;
		return CAPTURE_UNSUPPORTED;
	}
	if (q->queue.first == NULL) return SUCCESS;
	step(q);
	return NOT_READY;
}

CUresult cuCtxSynchronize(void) {
	ENTER_UNCAPTURED
	for (struct stream *s = streams; s; s = s->next) drain(s);
	drain(&legacy);
	return SUCCESS;
}

static struct op *event_op(int kind, struct event *e) {
	struct op *op = calloc(1, sizeof *op);
	op->kind = kind;
	op->event = e;
	op->ticket = e->recorded;
	return op;
}

CUresult cuStreamWaitEvent(struct stream *s, struct event *e, unsigned flags) {
	ENTER_CONTEXT
	CHECK(e, EVENT)
	s = stream_of(s);
	if (s == NULL || flags != 0) return s ? INVALID_VALUE : INVALID_HANDLE;
	if (e->capture && s->capture == NULL) {
		s->capture = e->capture; // a fork
		s->origin = s->joined = 0;
		return SUCCESS;
	}
	if (e->capture) {
		e->stream->joined = 1;
		return SUCCESS;
	}
	return enqueue(s, event_op(WAIT, e));
}

CUresult cuEventCreate(struct event **e, unsigned flags) {
	ENTER_CONTEXT
	if (flags & ~7u) return INVALID_VALUE;
	*e = calloc(1, sizeof **e);
	(*e)->tag = EVENT;
	(*e)->flags = flags;
	return SUCCESS;
}

CUresult cuEventRecord(struct event *e, struct stream *s) {
	ENTER_CONTEXT
	CHECK(e, EVENT)
	if ((s = stream_of(s)) == NULL) return INVALID_HANDLE;
	e->stream = s;
	e->capture = s->capture;
	if (e->capture) return SUCCESS;
	e->recorded++;
	return enqueue(s, event_op(RECORD, e));
}

CUresult cuEventSynchronize(struct event *e) {
	ENTER_CONTEXT
	CHECK(e, EVENT)
	if (e->capture) return CAPTURE_UNSUPPORTED;
	while (e->done < e->recorded && e->stream->queue.first) block(e->stream);
	return SUCCESS;
}

CUresult cuEventQuery(struct event *e) {
	ENTER_CONTEXT
	CHECK(e, EVENT)
	if (e->capture) return CAPTURED_EVENT;
	if (e->done == e->recorded) return SUCCESS;
	if (e->stream->queue.first) step(e->stream);
	return NOT_READY;
}

CUresult cuEventElapsedTime(float *ms, struct event *start, struct event *end) {
	ENTER_CONTEXT
	CHECK(start, EVENT)
	CHECK(end, EVENT)
	if ((start->flags | end->flags) & 2 || !start->recorded || !end->recorded) return INVALID_HANDLE;
	if (start->done < start->recorded || end->done < end->recorded) return NOT_READY;
	*ms = end->time - start->time;
	return SUCCESS;
}

CUresult cuEventDestroy_v2(struct event *e) {
	ENTER_CONTEXT
	CHECK(e, EVENT)
	e->tag = 0;
	return SUCCESS;
}

CUresult cuStreamBeginCapture_v2(struct stream *s, int mode) {
	ENTER_CONTEXT
	CHECK(s, STREAM) // the default stream cannot be captured
	if (s->capture) return ILLEGAL_STATE;
	s->capture = calloc(1, sizeof *s->capture);
	s->capture->tag = GRAPH;
	s->capture->mode = mode;
	s->capture->thread = pthread_self();
	s->origin = 1;
	return SUCCESS;
}

CUresult cuStreamEndCapture(struct stream *s, struct graph **g) {
	ENTER_CONTEXT
	*g = NULL;
	CHECK(s, STREAM)
	if (s->capture == NULL) return ILLEGAL_STATE;
	if (!s->origin) return CAPTURE_UNMATCHED;
	struct graph *captured = s->capture;
	if (captured->mode != 2 && !pthread_equal(captured->thread, pthread_self())) return CAPTURE_WRONG_THREAD;
	int unjoined = 0;
	for (struct stream *q = streams; q; q = q->next)
		if (q->capture == captured) {
			q->capture = NULL;
			unjoined |= !q->origin && !q->joined;
		}
	if (captured->invalid) return CAPTURE_INVALIDATED;
	if (unjoined) return CAPTURE_UNJOINED;
	*g = captured;
	return SUCCESS;
}

CUresult cuStreamIsCapturing(struct stream *s, int *status) {
	ENTER_CONTEXT
	if ((s = stream_of(s)) == NULL) return INVALID_HANDLE;
	*status = s->capture == NULL ? 0 : s->capture->invalid ? 2 : 1;
	return SUCCESS;
}

CUresult cuThreadExchangeStreamCaptureMode(int *mode) {
	ENTER_UNINITIALIZED
	int old = thread_mode;
	if (*mode < 0 || *mode > 2) return INVALID_VALUE;
	thread_mode = *mode;
	*mode = old;
	return SUCCESS;
}

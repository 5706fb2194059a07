#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kernel_params { // CUDA_KERNEL_NODE_PARAMS, version 2
	struct function *f;
	unsigned grid[3], block[3], shared;
	void **params, **extra;
	void *kernel;
	struct context *context;
};

static struct op *duplicate(const struct op *op) {
	struct op *c = malloc(sizeof *c);
	*c = *op;
	c->next = NULL;
	return c;
}

static void copy_ops(struct list *to, const struct list *from) {
	*to = (struct list){0};
	for (struct op *op = from->first; op; op = op->next) append(to, duplicate(op));
}

CUresult cuGraphInstantiateWithFlags(struct graph **exec, struct graph *g, unsigned long long flags) {
	ENTER_CONTEXT
	CHECK(g, GRAPH)
	if (flags & ~15ull || (flags & 8 && version < 11070)) return INVALID_VALUE;
	*exec = calloc(1, sizeof **exec);
	(*exec)->tag = EXEC;
	copy_ops(&(*exec)->ops, &g->ops);
	return SUCCESS;
}

CUresult cuGraphUpload(struct graph *exec, struct stream *s) {
	ENTER_CONTEXT
	CHECK(exec, EXEC)
	return stream_of(s) ? SUCCESS : INVALID_HANDLE;
}

CUresult cuGraphLaunch(struct graph *exec, struct stream *s) {
	ENTER_CONTEXT
	CHECK(exec, EXEC)
	if ((s = stream_of(s)) == NULL) return INVALID_HANDLE;
	for (struct op *op = exec->ops.first; op; op = op->next) {
		CUresult r = enqueue(s, duplicate(op));
		if (r != SUCCESS) return r;
	}
	return SUCCESS;
}

CUresult cuGraphGetNodes(struct graph *g, struct op **nodes, size_t *n) {
	ENTER
	CHECK(g, GRAPH)
	size_t room = *n;
	*n = g->ops.count;
	if (nodes == NULL) return SUCCESS;
	for (struct op *op = g->ops.first; op && room; op = op->next, room--) *nodes++ = op;
	return SUCCESS;
}

CUresult cuGraphNodeGetType(struct op *node, int *type) {
	ENTER
	*type = node->kind;
	return SUCCESS;
}

CUresult cuGraphKernelNodeGetParams_v2(struct op *node, struct kernel_params *p) {
	ENTER
	if (node->kind != KERNEL) return INVALID_VALUE;
	memset(p, 0, sizeof *p);
	p->f = node->f;
	memcpy(p->grid, node->header, 28);
	return SUCCESS;
}

static struct op *find(struct graph *exec, int id) {
	struct op *op = exec->ops.first;
	while (op && op->id != id) op = op->next;
	return op;
}

CUresult cuGraphExecKernelNodeSetParams_v2(struct graph *exec, struct op *node, const struct kernel_params *p) {
	ENTER
	CHECK(exec, EXEC)
	struct op *op = find(exec, node->id);
	if (op == NULL || op->kind != KERNEL) return INVALID_VALUE;
	struct config c = {.shared = p->shared};
	memcpy(c.grid, p->grid, 12);
	memcpy(c.block, p->block, 12);
	struct op changed;
	CUresult r = fill_kernel(&changed, p->f, &c, p->params, p->extra);
	if (r != SUCCESS) return r;
	changed.id = op->id;
	changed.next = op->next;
	*op = changed;
	return SUCCESS;
}

struct update_info {
	int result;
	struct op *node, *from;
};

CUresult cuGraphExecUpdate_v2(struct graph *exec, struct graph *g, struct update_info *info) {
	ENTER
	CHECK(exec, EXEC)
	CHECK(g, GRAPH)
	memset(info, 0, sizeof *info);
	struct op *a = exec->ops.first, *b = g->ops.first;
	for (; a && b && a->kind == b->kind; a = a->next) b = b->next;
	if (a || b) {
		info->result = a && b ? 3 : 2; // type or topology changed
		info->node = b;
		return GRAPH_EXEC_UPDATE_FAILURE;
	}
	copy_ops(&exec->ops, &g->ops);
	return SUCCESS;
}

CUresult cuGraphDebugDotPrint(struct graph *g, const char *path, unsigned flags) {
	ENTER
	CHECK(g, GRAPH)
	FILE *f = fopen(path, "w");
	if (f == NULL) return INVALID_VALUE;
	fprintf(f, "digraph { // flags %u\n", flags);
	for (struct op *op = g->ops.first; op; op = op->next)
		fprintf(f, "\tn%d [label=\"%s\"]\n", op->id, op->kind == KERNEL ? op->f->name : op->kind == MEMCPY ? "copy" : "set");
	fprintf(f, "}\n");
	fclose(f);
	return SUCCESS;
}

CUresult cuGraphDestroy(struct graph *g) {
	ENTER
	CHECK(g, GRAPH)
	g->tag = 0;
	return SUCCESS;
}

CUresult cuGraphExecDestroy(struct graph *exec) {
	ENTER
	CHECK(exec, EXEC)
	exec->tag = 0;
	return SUCCESS;
}

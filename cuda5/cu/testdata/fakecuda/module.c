#include "fake.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// declaration parses "[.align n] .type name[count]" and returns its end.
static const char *declaration(const char *p, char *name, size_t *size, size_t *align) {
	*size = *align = 0;
	char word[64];
	int n;
	size_t count = 1, given = 0;
	while (sscanf(p, " .%63[a-z0-9_]%n", word, &n) == 1) {
		p += n;
		if (strcmp(word, "align") == 0) {
			sscanf(p, " %zu%n", &given, &n);
			p += n;
		} else if (isdigit((unsigned char)word[1]))
			*size = *align = atoi(word + 1) / 8; // u64, f32, b8, ...
	}
	n = 0;
	if (*size == 0 || sscanf(p, " %63[A-Za-z0-9_$]%n", name, &n) != 1) return NULL;
	p += n;
	if (*p == '[') {
		count = strtoul(p + 1, NULL, 10);
		p = strchr(p, ']') + 1;
	}
	*size *= count;
	if (given) *align = given;
	return p;
}

static struct function *parse(const char *image, struct module *m) { // abort: more than the fake can hold
	struct function *list = NULL;
	for (const char *p = image; (p = strstr(p, ".entry ")) != NULL;) {
		struct function *f = calloc(1, sizeof *f);
		f->tag = FUNCTION;
		f->module = m;
		f->next = list;
		f->attribute[0] = 1024, f->attribute[4] = 32, f->attribute[5] = 70, f->attribute[6] = 90;
		list = f;
		sscanf(p + 7, " %63[A-Za-z0-9_$]", f->name);
		f->nothing = strcmp(f->name, "nothing") == 0;
		const char *end = strchr(p, ')');
		for (const char *q = p; end && (q = strstr(q, ".param")) != NULL && q < end;) {
			char name[64];
			size_t size, align;
			q = declaration(q + 6, name, &size, &align);
			if (q == NULL) break;
			f->bytes = (f->bytes + align - 1) / align * align;
			f->param[f->params].offset = f->bytes;
			f->param[f->params++].size = size;
			f->bytes += size;
			if (f->bytes > sizeof ((struct op *)0)->args || f->params == 32) abort();
		}
		p = end ? end : p + 7;
	}
	return list;
}

// option returns the value of a JIT option, or NULL.
static void **option(unsigned n, const int *options, void **values, int wanted) {
	for (unsigned i = 0; i < n; i++)
		if (options[i] == wanted) return &values[i];
	return NULL;
}

static void logging(unsigned n, const int *options, void **values, int which, const char *text) {
	void **buffer = option(n, options, values, which), **size = option(n, options, values, which + 1);
	if (buffer == NULL || size == NULL) return;
	size_t room = (unsigned)(uintptr_t)*size;
	snprintf(*buffer, room, "%s", text);
	*size = (void *)(uintptr_t)(strlen(*buffer) + 1);
}

static CUresult compile(const char *image, unsigned n, const int *options, void **values) {
	if (strncmp(image, "cubin:", 6) == 0) return SUCCESS;
	if (strstr(image, ".version") == NULL) return INVALID_IMAGE;
	if (strstr(image, "syntax error") != NULL) {
		logging(n, options, values, 5, "ptxas application ptx input, line 3; fatal   : Parsing error\n"
			"ptxas fatal   : Ptx assembly aborted due to errors\n");
		return INVALID_PTX;
	}
	char text[256] = "ptxas info";
	static const struct { int option; const char *name; } known[] = {
		{0, "maxregisters"}, {7, "level"}, {11, "debug"}, {12, "verbose"}, {13, "lineinfo"}, {14, "cache"}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		void **v = option(n, options, values, known[i].option);
		if (v) sprintf(text + strlen(text), " %s=%u", known[i].name, (unsigned)(uintptr_t)*v);
	}
	logging(n, options, values, 3, text);
	return SUCCESS;
}

static CUresult load(struct module **m, const char *image, unsigned n, const int *options, void **values) {
	CUresult r = compile(image, n, options, values);
	if (r != SUCCESS) return r;
	*m = calloc(1, sizeof **m);
	(*m)->tag = MODULE;
	(*m)->image = strdup(image);
	(*m)->functions = parse(image, *m);
	return SUCCESS;
}

CUresult cuModuleLoadDataEx(struct module **m, const char *image, unsigned n, const int *options, void **values) {
	ENTER_UNCAPTURED
	return load(m, image, n, options, values);
}

CUresult cuModuleLoadData(struct module **m, const char *image) {
	ENTER_UNCAPTURED
	return load(m, image, 0, NULL, NULL);
}

CUresult cuModuleLoad(struct module **m, const char *file) {
	ENTER_UNCAPTURED
	FILE *f = fopen(file, "r");
	if (f == NULL) return FILE_NOT_FOUND;
	static char text[1 << 16];
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	return load(m, text, 0, NULL, NULL);
}

CUresult cuModuleUnload(struct module *m) {
	ENTER_CONTEXT
	CHECK(m, MODULE)
	m->tag = 0;
	for (struct function *f = m->functions; f; f = f->next) f->tag = 0;
	return SUCCESS;
}

CUresult cuModuleGetFunction(struct function **f, struct module *m, const char *name) {
	ENTER_CONTEXT
	CHECK(m, MODULE)
	for (*f = m->functions; *f; *f = (*f)->next)
		if (strcmp((*f)->name, name) == 0) return SUCCESS;
	return NOT_FOUND;
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr *p, size_t *size, struct module *m, const char *wanted) {
	ENTER_CONTEXT
	CHECK(m, MODULE)
	char name[64];
	size_t align;
	for (const char *q = m->image; (q = strstr(q, ".global ")) != NULL; q += 8)
		if (declaration(q + 8, name, size, &align) && strcmp(name, wanted) == 0) {
			*p = allocate(*size);
			return SUCCESS;
		}
	return NOT_FOUND;
}

struct link {
	unsigned n;
	int *options;
	void **values;
	char cubin[1 << 14];
};

CUresult cuLinkCreate_v2(unsigned n, int *options, void **values, struct link **l) {
	ENTER_CONTEXT
	*l = calloc(1, sizeof **l);
	(*l)->n = n, (*l)->options = options, (*l)->values = values; // kept, as the driver does
	strcpy((*l)->cubin, "cubin:");
	return SUCCESS;
}

CUresult cuLinkAddData_v2(struct link *l, int type, const char *data, size_t size, const char *name, unsigned n, int *options,
			  void **values) {
	ENTER_CONTEXT
	if (type != 1 || name == NULL || n != 0 || options || values || strlen(data) + 1 != size) return INVALID_VALUE;
	CUresult r = compile(data, l->n, l->options, l->values);
	if (r == SUCCESS) strncat(l->cubin, data, sizeof l->cubin - strlen(l->cubin) - 1);
	return r;
}

CUresult cuLinkComplete(struct link *l, void **cubin, size_t *size) {
	ENTER_CONTEXT
	*cubin = l->cubin;
	*size = strlen(l->cubin);
	return SUCCESS;
}

CUresult cuLinkDestroy(struct link *l) {
	ENTER_CONTEXT
	memset(l, 0xee, sizeof *l);
	free(l);
	return SUCCESS;
}

CUresult cuFuncGetModule(struct module **m, struct function *f) {
	ENTER_CONTEXT
	CHECK(f, FUNCTION)
	*m = f->module;
	return SUCCESS;
}

CUresult cuFuncGetAttribute(int *v, int attribute, struct function *f) {
	ENTER_CONTEXT
	CHECK(f, FUNCTION)
	if (attribute < 0 || attribute > 15) return INVALID_VALUE;
	*v = f->attribute[attribute];
	return SUCCESS;
}

CUresult cuFuncSetAttribute(struct function *f, int attribute, int v) {
	ENTER_CONTEXT
	CHECK(f, FUNCTION)
	if (attribute < 8 || attribute > 15 || (attribute == 8 && v > 232448)) return INVALID_VALUE;
	f->attribute[attribute] = v;
	return SUCCESS;
}

package kernels

import "regexp"

// An excuse is why some mutants of a rule do what the kernel does. Whoever
// changes a kernel runs all mutants, looks at those that live, and either makes
// a trial notice them or counts them here.
type excuse struct {
	kernel, rule, at string // expressions for all of the kernel's name, the rule's and mutant.at
	most             int    // how many live
	reason           string
}

// excuse returns the first that may hold for m, or nil.
func (m mutant) excuse() *excuse {
	for i := range excuses {
		x := &excuses[i]
		if matches(x.kernel, m.kernel) && matches(x.rule, m.rule) && matches(x.at, m.at) {
			return x
		}
	}
	return nil
}

func matches(expression, text string) bool {
	re, ok := compiled[expression]
	return ok && re.MatchString(text)
}

var compiled = func() map[string]*regexp.Regexp {
	all := map[string]*regexp.Regexp{}
	for _, x := range excuses {
		for _, e := range []string{x.kernel, x.rule, x.at} {
			all[e] = regexp.MustCompile("^(?:" + e + ")$")
		}
	}
	return all
}()

const blockSums = "agreement|alignment|conflict|displacements|root_of_sums|scaled_distance|scaled_norm|summary"

var excuses = []excuse{
	// Barriers.
	{blockSums, "barrier missing", `bar.sync 0; #1 of .*`, 8, "nobody used the memory of the first sum before"},
	{"batch_norm_(apply|backward|backward_few|backward_masked)", "barrier missing", `bar.sync 0; #1 of .*`, 4, "nobody used the memory before"},
	{"batch_norm_gradients(_masked)?", "barrier missing", `bar.sync 0; #[13] of .*`, 4, "sums before have barriers of their own"},

	// The interpreter runs blocks whose tickets matter one after the other: that a
	// block has written all before it takes its ticket needs a GPU to go wrong.
	{"batch_norm_gradients(_masked)?", "barrier missing", `bar.sync 0; #9 of .*`, 2, "blocks do not run at once"},
	{"batch_norm_statistics", "barrier missing", `bar.sync 0; #5 of .*`, 1, "blocks do not run at once"},
	{"cross_entropy|count_correct", "barrier missing", `bar.sync 0; #1 of .*`, 2, "blocks do not run at once"},
	{"sum_rows_add", "barrier missing", `bar.sync 0; #3 of .*`, 1, "blocks do not run at once"},
	{onTensorCores("(backward_input_)?", ".*"), "barrier missing", `bar.sync 0; #(6 of 10|7 of 1[12]|8 of 12)`, 32, "blocks do not run at once"},
	{onTensorCores("backward_weight_", ".*"), "barrier missing", `bar.sync 0; #(4 of 5|5 of 6)`, 10, "blocks do not run at once"},
	{onTensorCores("backward_weight_", "halo_.*"), "barrier missing", `bar.sync 0; #2 of 3`, 2, "blocks do not run at once"},
	{products("backward_weight_"), "barrier missing", `bar.sync 0; #(3 of 4|5 of 6|9 of 10)`, 4, "blocks do not run at once"},
	{products("backward_weight_"), "barrier missing", `bar.sync 0; #(4 of 6|8 of 10)`, 3, "that of the ticket follows"},

	// What all threads know, and one of them writes.
	{blockSums + "|count_correct|cross_entropy", "branch negated", `branch <- setp.(ne|eq).s32 %p, %r, 0; <- and.b32 %r, %r, 31; .*`, 21, "all lanes have the warp's number"},
	{blockSums + "|adamw_step|augment|count_correct|cross_entropy|push_row|take_row", "branch negated", `branch <- setp.(ne|eq).s32 %p, %r, 0; <- mov.u32 %r, %tid.x; .*`, 14, "all threads have the number"},
	{"take_batch", "branch negated", `branch <- setp.eq.s32 %p, %r, 0; <- or.b32 .*`, 1, "all threads have the label and the index"},

	// Parameters.
	{"add", "pointers exchanged", `#2 of 2`, 1, "a + b is b + a"},
	{"displacements", "pointers exchanged", `#3 of .*`, 1, "the angle between a and b is that between b and a"},
	{"pad_shortcut.*|avg_pool2d_global.*", "numbers exchanged", `#1 of .*`, 4, "n and width: the first thread does all the work"},

	// Bounds between two ways of doing the same.
	{"add|add_scaled|relu|relu_backward|scale|unscale", "bound off by one", `setp.gt.s32 %p, %r, %r; <- add.s32 %r, %r, 4; .*`, 6, "the last four go one by one"},
	{"adamw_step", "bound off by one", `setp.gt.u32 %p, %r, 1; .*`, 1, "one turn more multiplies with nothing"},
	{"adamw_step", "store to shared memory missing", `.* #2 of 3`, 1, "there is no step 0"},
	{"mix", "branch negated", `branch <- setp.ne.s32 %p, %r, 0; <- add.s32 %r, %r, %r; #1 of .*`, 1, "all threads have the labels"},
	{"augment", "bound off by one", `setp.lt.u32 %p, %r, 4; <- sub.s32 .*`, 4, "the launch for the next channels writes them again"},
	{"take_batch", "bound off by one", `setp.lt.s32 %p, %r, 0; .*`, 2, "0 is clamped to 0"},
	{"take_batch", "bound off by one", `setp.lt.s32 %p, %r, 4096; .*`, 1, "a piece of 4096 bytes is the whole piece"},
	{"flatten", "bound off by one", `setp.gt.u32 %p, %r, (15|23|31); <- mov.u32 %r, %tid.y; .*`, 4, "blocks have eight rows of threads"},
	{"dropout", "bound off by one", `setp.lt.u32 %p, %r, %r; .*`, 8, "a word is the threshold once in 2^32 times"},
	{"count_correct", "bound off by one", `setp.lt.u32 %p, %r, %r; <- shfl.*`, 5, "one place is not before itself"},
	{"count_correct", "bound off by one", `setp.lt.s32 %p, %r, 0; <- shfl.*, (8|4|2|1), 31, -1; .*`, 4, "lane 0 has column 0, and writes the result"},
	{"(avg|max)_pool2d", "bound off by one", `setp.(ge|le).s32 %p, %r, %r; .*(max|min).s32 .*`, 8, "no window is empty"},
	{"max_pool2d_backward", "bound off by one", `setp.lt.s32 %p, %r, %r; <- add.s32 %r, %r, %r; <- ld.param.u32 .*`, 4, "windows that do not hold the pixel add nothing"},
	{"max_pool2d_backward", "branch negated", `branch <- setp.(eq|ne).s32 %p, %r, (1|2); <- ld.param.u32 .*`, 8, "windows that do not hold the pixel add nothing"},

	// Trees over threadIdx.y.
	{"batch_norm_.*|sum_rows.*|conv2d_add_parts", "bound off by one", `setp.(lt|gt).u32 %p, %r, 2; .*`, 21, "blocks have eight rows or more, and a tree of one row adds nothing"},
	{"batch_norm_.*|sum_rows.*|conv2d_add_parts", "bound off by one", `setp.ge.u32 %p, %r, %r; <- mov.u32 %r, %tid.y; .*`, 10, "what lies behind the upper half is not added"},
	{"batch_norm_.*_few", "bound off by one", `setp.lt.(s32 %p, %r, 2; <- ld|u32 %p, %r, 16; <- div).*`, 4, "blocks have eight walkers or more, and 32 slices or fewer"},
	{"batch_norm_backward_few", "bound off by one", `setp.gt.s32 %p, %r, [1357]; <- div.*`, 4, "a row that is not there is 0"},
	{"batch_norm_(gradients|gradients_masked|statistics)", "bound off by one", `setp.gt.u32 %p, %r, 32; <- mov.u32 %r, %nctaid.y; .*`, 3, "32 slices may go one way or the other"},
	{"batch_norm_(gradients|gradients_masked|statistics)", "bound off by one", `setp.gt.s32 %p, %r, 0; <- ld.param.*`, 3, "a pack has a channel"},
	{"count_correct", "shuffle over another distance", `shfl.sync.bfly.b32 %r, .*`, 10, "hits are whole numbers, of which the low half is 0"},

	// Numbers.
	{"batch_norm_statistics", "bound off by one", `setp.lt.s32 %p, %r, %r; <- mul.lo.s32 .*`, 1, "the sums of a channel too many are dropped"},
	{"batch_norm_statistics", "bound off by one", `setp.lt.s32 %p, %r, %r; <- add.s32 %r, %r, %r; <- (mov|selp).*`, 2, "a slice takes eight rows twice only where 512 slices do not suffice"},
	{"batch_norm_(statistics|train_few)", "sum of another sign", `(add|sub).rn.f32 .*`, 54, "rows are summed around any number, about their mean"},
	{"batch_norm_(statistics|train_few)", "sum of another sign", `add.rn.f64 .*`, 101, "a row alone is the number it is summed around"},
	{"cross_entropy", "sum of another sign|product not added", `.*, 0d3FF0000000000000; .*`, 4, "the last terms of the series, below 1e-11"},

	// conv2d: what only arrays that cannot be read by fours would need.
	{byFours("backward_weight"), "bound off by one", `setp.lt.s32 %p, %r, %r; <- or.b32 %r, %r, (1[789]|[123]); .*`, 18, "channels are a multiple of four"},
	{byFours("backward_input"), "bound off by one", `setp.gt.s32 %p, %r, [123]; <- sub.s32 .*`, 18, "channels are a multiple of four"},

	// conv2d: what is multiplied with 0, or not stored.
	{products("(backward_(input|weight)_)?"), "bound off by one", `setp.(ge|lt).s32 %p, %r, %r; <- (add.s32 %r, %r, (8|16|32)|or.b32 %r, %r, %r); <- (selp|sub|mul|ld).*`, 28, "behind the end of a sum the other operand is 0"},
	{products("(backward_(input|weight)_)?"), "bound off by one", `setp.gt.s32 %p, %r, (32|64); <- sub.s32 .*`, 7, "columns behind the last are not stored"},
	{products("backward_weight_"), "bound off by one", `setp.lt.s32 %p, %r, %r; <- div.s32 .*`, 8, "elements behind the window are not stored"},
	{products("backward_input_"), "bound off by one", `setp.ge.s32 %p, %r, %r; <- shl.b32 %r, %r, [67]; .*`, 4, "a block without pixels stores nothing"},
	{products("backward_input_"), "bound off by one", `setp.(ge|lt).u32 %p, %r, %r; <- (add|mad).*`, 15, "elements behind a row are behind the end of a sum"},
	{products("backward_input_"), "bound off by one", `setp.lt.u32 %p, %r, 256; <- mov.u32 %r, %tid.x; .*`, 1, "blocks have 256 threads"},
	{products("(backward_(input|weight)_)?"), "bound off by one", `setp.gt.s32 %p, %r, 0; <- ld.param.u32 %r, .*\+20.*`, 4, "a window has a row"},

	// conv2d: the parts of a weight gradient.
	{"conv2d_add_parts", "bound off by one", `setp.lt.u32 %p, %r, 56; .*`, 2, "parts are added by eights or one by one"},
	{"conv2d_add_parts", "bound off by one", `setp.gt.s64 %p, %rd, 0; .*`, 1, "of the first of eight parts there is one more element, and its sum is not stored"},
	{products("backward_weight_"), "bound off by one", `setp.lt.u32 %p, %r, 4; <- mov.u32 %r, %nctaid.z;.*`, 4, "parts are added by fours or one by one"},
	{products("backward_weight_"), "bound off by one", `setp.lt.s32 %p, %r, 0; .*`, 36, "of the four places of a thread only the first can be 0"},

	{onTensorCores("backward_weight_", ".*"), "bound off by one", `setp.lt.u32 %p, %r, 4; <- mov.u32 %r, %nctaid.z;.*`, 10, "parts are added by fours or one by one"},
	{onTensorCores("backward_weight_", ".*"), "bound off by one", `setp.lt.s32 %p, %r, 0; <- cvt.u32.u64 .*`, 108, "of the four places of a thread only the first can be 0"},
	{onTensorCores("backward_weight_", "(halo_.*|256x128)"), "sum of another sign", `add.rn.f32 .*`, 64, "the first of the only four parts at once is added to 0"},

	// conv2d: gradients of weights on tensor cores.
	{onTensorCores("backward_weight_", ".*"), "bound off by one", `setp.lt.s32 %p, %r, %r; <- div.s32 .*`, 10, "elements behind the window are not stored"},
	{onTensorCores("backward_weight_", ".*"), "bound off by one", `setp.lt.s32 %p, %r, %r; <- (add.s32 %r, %r, (4|%r)|or.b32 %r, %r, (1|17|33|49|%r)); <- cvt.u32.u64 .*`, 11, "channels are a multiple of four or eight, and a tile has a row"},
	{onTensorCores("backward_weight_", "halo_.*"), "bound off by one", `setp.lt.s32 %p, %r, 1; <- add.s32 %r, %r, 2;.*`, 2, "a row has a pixel"},
	{onTensorCores("backward_weight_", "halo_.*"), "copies not waited for", `#2 of 2`, 2, "nothing in shared memory follows"},
	{onTensorCores("backward_weight_", "halo_.*"), "fields exchanged", `#6 of 6`, 2, "both are factors of the number of pixels"},

	// conv2d: forward passes and gradients of inputs on tensor cores.
	{onTensorCores("(backward_(input|weight)_)?", ".*"), "bound off by one", `setp.gt.[su]32 %p, %r, 1; <- add.s32 %r, %r, -1;.*`, 48, "a slab behind the last is of zeros"},
	{onTensorCores("", "[0-9].*"), "bound off by one", `setp.gt.s32 %p, %r, 0; <- ld.param.u32 %r, .*\+20.*`, 10, "a window has a row"},
	{onTensorCores("(backward_input_)?", "[0-9].*"), "bound off by one", `setp.lt.s32 %p, %r, (17|33|65); <- (mul|ld).*`, 20, "channels are a multiple of four or eight"},
	{onTensorCores("backward_input_", ".*"), "bound off by one", `setp.lt.s32 %p, %r, [1-7]; <- sub.s32 .*`, 366, "channels are a multiple of four or eight"},
	{onTensorCores("backward_input_", "[0-9].*"), "bound off by one", `setp.lt.s32 %p, %r, %r; <- and.b32 %r, %r, (12|24|28|56); <- selp.*`, 38, "behind the end of a sum the other operand is 0"},
	{onTensorCores("backward_input_", "[0-9].*"), "bound off by one", `setp.lt.s32 %p, %r, %r; <- shl.b32 %r, %r, [678]; .*`, 10, "a block without pixels stores nothing"},
	{onTensorCores("(backward_input_)?", ".*"), "bound off by one", `setp.gt.[us]32 %p, %r, 32; <- (mov.u32 %r, %nctaid.x|mul.lo.s32 %r, %r, %r);.*`, 32, "32 slices may go one way or the other"},
	{onTensorCores("(backward_input_)?", ".*"), "bound off by one", `setp.lt.u32 %p, %r, 224; <- add.s32 .*`, 32, "slices are added by eights or one by one"},
	{onTensorCores("(backward_input_)?", "(halo_)?128x128"), "bound off by one", `setp.gt.u32 %p, %r, 255; <- mov.u32 %r, %tid.x; .*`, 8, "blocks have 128 threads"},
	{onTensorCores("(backward_input_)?", "(halo_)?128x128"), "bound off by one", `setp.lt.u32 %p, %r, %r; <- add.s32 %r, %r, 128; <- add.s32 %r, %r, -128; .*`, 8, "a number is not what it was 128 before"},

	// The same with a halo: a slab divides the channels.
	{onTensorCores("(backward_input_)?", "halo_.*"), "bound off by one", `setp.gt.s32 %p, %r, (0|15|31); <- (cvt.u32.u64 %r, %rd|ld.param.u32 .*\+16.*); .*`, 32, "there is a slab of channels"},
	{onTensorCores("(backward_input_)?", "halo_.*"), "bound off by one", `setp.gt.s32 %p, %r, -1; <- ld.shared.u32 .*`, 176, "what is not there is less than -1"},
	{onTensorCores("(backward_input_)?", "halo_.*"), "bound off by one", `setp.ge.s32 %p, %r, %r; <- add.s32 %r, %r, -1; <- mad.lo.s32 .*`, 16, "no tap reads what lies behind a patch"},
	{onTensorCores("(backward_input_)?", "halo_.*"), "bound off by one", `setp.gt.u32 %p, %r, (255|447); <- mov.u32 %r, %tid.x; #1 of .*`, 12, "a patch has more pixels than a block has threads"},
	{onTensorCores("(backward_input_)?", "halo_.*"), "bound off by one", `setp.lt.u32 %p, %r, (128|192|320); <- add.s32 %r, %r, %r; #2 of .*`, 16, "what lies behind the places of a patch is written later"},
	{onTensorCores("(backward_input_)?", "halo_.*"), "bound off by one", `setp.(lt.u32 %p, %r, %r; <- (shr|add|and).b?[su]?32 %r, %r, .*; <- (selp.b32 %r, (16|32), 0, %p|mov.b32 %r, (16|32));|gt.s32 %p, %r, (4|8|12|16|24); <- sub).*`, 40, "no thread is behind the end of a slab"},
	{onTensorCores("backward_input_", "halo_.*"), "bound off by one", `setp.lt.u32 %p, %r, (128|256|384|512); <- mov.u32 %r, %tid.x; .*`, 20, "no thread is behind the end of a slab"},
	{onTensorCores("(backward_input_)?", "halo_256.*"), "bound off by one", `setp.lt.u32 %p, %r, %r; <- add.s32 %r, %r, -1; <- ld.param.u32 .*\+4.*`, 8, "only images of 4 x 4 have pixels behind their rows"},
	{onTensorCores("", "halo_.*"), "bound off by one", `setp.lt.s32 %p, %r, %r; <- selp.b32 %r, %r, %r, %p; <- cvt.u32.u64 .*`, 8, "slabs behind the last are not multiplied"},
	{onTensorCores("(backward_input_)?", "halo_.*"), "selection negated", `selp.b32 %r, 3, 0, %p; <- setp.eq.s32 %p, %r, 4; .*`, 8, "where pixels lie only tells which meet in a bank"},
	{onTensorCores("backward_input_", "halo_128x128"), "bound off by one", `setp.lt.s32 %p, %r, %r; <- add.s32 %r, %r, %r; <- mul.lo.s32 %r, %r, %r; #45 of 92`, 1, "pixels are a multiple of eight, and a thread's fourth row in float32 is four behind one"},
	{onTensorCores("", "halo_.*"), "fields exchanged", `#5 of 5`, 8, "both are factors of the number of pixels"},

	// conv2d: the sums of groups of warps.
	{products("(backward_input_)?"), "barrier missing", `bar.sync 0; #(4 of 4|5 of 5|8 of 8|9 of 9)`, 6, "nothing in shared memory follows"},
	{products("(backward_(input|weight)_)?"), "branch negated", `branch <- setp.gt.u32 %p, %r, 63; <- mov.u32 %r, %tid.x; .*`, 6, "the sums of the third group come by way of the fourth"},
}

// onTensorCores is the kernels of a product there, with tiles of some names.
func onTensorCores(product, tile string) string { return "conv2d_" + product + "(tf32|b?f16)_" + tile }

// products is the kernels of a product without tensor cores.
func products(prefix string) string { return "conv2d_" + prefix + "(large|medium|small|scalar)" }

// byFours is the kernels of a product whose arrays are read by fours.
func byFours(product string) string { return "conv2d_" + product + "_(large|medium|small)" }

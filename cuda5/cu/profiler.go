package cu

var (
	procProfilerStart = want("cuProfilerStart")
	procProfilerStop  = want("cuProfilerStop")
)

// ProfilerStart starts the collection of a profiler that runs the program.
func ProfilerStart() error { return procProfilerStart.call() }

// ProfilerStop stops the collection of a profiler that runs the program.
func ProfilerStop() error { return procProfilerStop.call() }

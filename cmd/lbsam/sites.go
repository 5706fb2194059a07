package main

import (
	"context"

	"github.com/spf13/pflag"

	"lbsam/analysis"
	"lbsam/train"
)

// smallModel is how many parameters a model has at most that is measured by several
// jobs of one thread each on the processor. On two cores (lbsam landscape --x -1:1:N
// --jobs 1 and 2) two jobs measure 1.36 times the points of one of two threads for
// resnet8 on 1,000 images, 1.08 times for wrn-28-2 and for resnet18 on 256; but
// resnet18 takes longer to open than it saves on a line, and twice the memory.
const smallModel = 2_000_000

const mostJobs = 256

// addJobs adds the flag that says how many points are measured at a time.
func addJobs(flags *pflag.FlagSet, jobs *int) {
	f := newFlags()
	f.IntVar(jobs, "jobs", 0, "points measured at a time, which share the threads; the numbers are the same; 0: what suits the model")
	addSection(flags, "Model, data and machine", f)
}

// sites are where the points of a measurement are measured: jobs of them at a time,
// by jobs that share the threads; of 0, as many as suit model and device.
func (m *measurement) sites(ctx context.Context, jobs int) (list []analysis.Site, err error) {
	if jobs < 0 || jobs > mostJobs {
		return nil, usageError("--jobs is %d: want 0 (what suits the model) to %d", jobs, mostJobs)
	}
	threads := m.job.Device.Threads()
	if jobs == 0 && m.job.Device.Name() == "cpu" && m.job.Params.Count() <= smallModel {
		jobs = threads
	}
	if jobs <= 1 {
		return []analysis.Site{{Job: m.job, Probe: m.probe}}, nil
	}
	c := m.job.Config
	c.Device, c.Threads = m.job.Device.Name(), max(1, threads/jobs)
	for range jobs {
		job, err := train.OpenWith(c, m.job.Data)
		if err != nil {
			return nil, err
		}
		m.more = append(m.more, job)
		m.about.Holdout.apply(job)
		probe, err := m.look(ctx, job)
		if err != nil {
			return nil, err
		}
		list = append(list, analysis.Site{Job: job, Probe: probe})
	}
	return list, nil
}

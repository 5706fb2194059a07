package main

import (
	"fmt"
	"strings"
	"time"

	"lbsam/kernels"
	"lbsam/train"
)

// ceilings is what bench --ceilings prints as JSON.
type ceilings struct {
	Kind     string    `json:"kind"` // "ceilings"
	Device   string    `json:"device"`
	Card     string    `json:"card,omitempty"`
	Copy     float64   `json:"copy_gb_per_s"`        // read and written
	Read     []reading `json:"read"`                 // again and again, the last from memory
	Recorded float64   `json:"us_per_recorded"`      // from one small kernel of a recorded step to the next
	Launched float64   `json:"us_per_launch"`        // without a recording
	Float32  float64   `json:"float32_tflops"`       // in registers
	TF32     float64   `json:"mma_sync_tf32_tflops"` // the same on tensor cores
	Float16  float64   `json:"mma_sync_fp16_tflops"`
}

type reading struct {
	Array float64 `json:"array_mb"`
	Rate  float64 `json:"gb_per_s"`
}

// benchCeilings is bench --ceilings.
func (a *app) benchCeilings(device string, asJSON bool) (err error) {
	d, err := kernels.Open(kernels.Config{Name: device})
	if err != nil {
		return train.DeviceError{Err: err}
	}
	defer d.Close()
	if !d.Captures() {
		return usageError("--ceilings measures a GPU, and --device is %s", d.Name())
	}
	c, err := measuredCeilings(d)
	if err != nil {
		return train.DeviceError{Err: err}
	}
	if asJSON {
		return a.result(c)
	}
	fmt.Fprint(a.stdout, c.text(deviceText(d)))
	return nil
}

func measuredCeilings(d *kernels.Device) (c ceilings, err error) {
	defer kernels.Recover(&err)
	m := d.Ceilings()
	us := func(t time.Duration) float64 { return float64(t) / 1e3 }
	c = ceilings{
		Kind: "ceilings", Device: d.Name(), Card: d.About(), Copy: m.Copy / 1e9, Recorded: us(m.Recorded), Launched: us(m.Launched),
		Float32: m.Float32 / 1e12, TF32: m.TF32 / 1e12, Float16: m.Float16 / 1e12,
	}
	for _, r := range m.Read {
		c.Read = append(c.Read, reading{r.Array / (1 << 20), r.Rate / 1e9})
	}
	return c, nil
}

func (c ceilings) text(device string) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s\ncopy        %.0f GB/s, read and written\n", device, c.Copy)
	for _, r := range c.Read {
		fmt.Fprintf(b, "read        %.0f GB/s of %.3g MiB, again and again\n", r.Rate, r.Array)
	}
	fmt.Fprintf(b, "kernels     %.2f µs from one to the next in a recorded step, %.2f µs outside\n", c.Recorded, c.Launched)
	fmt.Fprintf(b, "products    %.1f TFLOP/s in float32, %.1f in tf32 and %.1f in fp16 with mma.sync, from registers\n", c.Float32, c.TF32, c.Float16)
	return b.String()
}

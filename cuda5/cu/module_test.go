package cu_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/barnex/cuda5/cu"
)

func TestModule(t *testing.T) {
	withContext(t)
	text := ptx(incrementKernel, axpyKernel) + ".global .align 4 .u32 counters[3];\n"
	file := filepath.Join(t.TempDir(), "module.ptx")
	check(t, os.WriteFile(file, []byte(text), 0o666))
	for _, m := range []cu.Module{cu.ModuleLoad(file), cu.ModuleLoadData(text)} {
		f := m.GetFunction("axpy")
		if of, err := f.Module(); of != m || err != nil {
			t.Errorf("Module: %x, %v, want %x", of, err, m)
		}
		wantPanic(t, cu.ERROR_NOT_FOUND, func() { m.GetFunction("axp") })
		p, bytes, err := m.Global("counters")
		if err != nil || bytes != 12 || p.Bytes() != 12 {
			t.Errorf("Global: %d bytes, %v", bytes, err)
		}
		if _, _, err := m.Global("nothing"); !errors.Is(err, cu.ERROR_NOT_FOUND) {
			t.Errorf("Global: %v", err)
		}
		check(t, m.Unload())
		wantPanic(t, cu.ERROR_INVALID_HANDLE, func() { m.GetFunction("axpy") })
	}
	wantPanic(t, cu.ERROR_FILE_NOT_FOUND, func() { cu.ModuleLoad(file + ".missing") })
	wantPanic(t, cu.ERROR_INVALID_IMAGE, func() { cu.ModuleLoadData("nonsense") })
	wantPanic(t, cu.ERROR_INVALID_IMAGE, func() { cu.ModuleLoadData("") })
}

func TestJITLog(t *testing.T) {
	withContext(t)
	_, log, err := cu.ModuleLoadDataEx(ptx(axpyKernel))
	if err != nil || log != (cu.JITLog{Info: "ptxas info"}) {
		t.Errorf("got %+v, %v", log, err)
	}
	settings := []cu.JITSetting{{cu.JIT_MAX_REGISTERS, 64}, {cu.JIT_OPTIMIZATION_LEVEL, 0}, {cu.JIT_LOG_VERBOSE, 1},
		{cu.JIT_GENERATE_LINE_INFO, 1}, {cu.JIT_CACHE_MODE, 2}}
	_, log, err = cu.ModuleLoadDataEx(ptx(axpyKernel), settings...)
	if want := "ptxas info maxregisters=64 level=0 verbose=1 lineinfo=1 cache=2"; err != nil || log.Info != want {
		t.Errorf("got %q, %v, want %q", log.Info, err, want)
	}
	_, log, err = cu.ModuleLoadDataEx(ptx() + "syntax error")
	const reason = "ptxas application ptx input, line 3; fatal   : Parsing error\n" +
		"ptxas fatal   : Ptx assembly aborted due to errors"
	if !errors.Is(err, cu.ERROR_INVALID_PTX) || !strings.HasSuffix(err.Error(), "\n"+reason) || log.Errors != reason {
		t.Errorf("got %v and log %+v", err, log)
	}
}

func TestCompilePTX(t *testing.T) {
	withContext(t)
	cubin, log, err := cu.CompilePTX(ptx(axpyKernel), cu.JITSetting{Option: cu.JIT_OPTIMIZATION_LEVEL, Value: 3})
	if err != nil || log.Info != "ptxas info level=3" {
		t.Errorf("log %+v, %v", log, err)
	}
	cu.ModuleLoadData(string(cubin)).GetFunction("axpy")
	if _, _, err := cu.CompilePTX("syntax error .version"); !errors.Is(err, cu.ERROR_INVALID_PTX) || !strings.Contains(err.Error(), "Parsing error") {
		t.Errorf("got %v", err)
	}
}

func TestFunction(t *testing.T) {
	withContext(t)
	f := load(t, axpyKernel)
	if n := f.GetAttribute(cu.FUNC_A_NUM_REGS); n != 32 {
		t.Errorf("FUNC_A_NUM_REGS: %d", n)
	}
	check(t, f.SetAttribute(cu.FUNC_A_MAX_DYNAMIC_SHARED_SIZE_BYTES, 100<<10))
	if n := f.GetAttribute(cu.FUNC_A_MAX_DYNAMIC_SHARED_SIZE_BYTES); n != 100<<10 {
		t.Errorf("FUNC_A_MAX_DYNAMIC_SHARED_SIZE_BYTES: %d", n)
	}
	check(t, f.SetAttribute(cu.FUNC_A_PREFERRED_SHARED_CARVEOUT, -1))
	if n := f.GetAttribute(cu.FUNC_A_PREFERRED_SHARED_CARVEOUT); n != -1 {
		t.Errorf("FUNC_A_PREFERRED_SHARED_CARVEOUT: %d", n)
	}
	if err := f.SetAttribute(cu.FUNC_A_NUM_REGS, 1); !errors.Is(err, cu.ERROR_INVALID_VALUE) {
		t.Errorf("set FUNC_A_NUM_REGS: %v", err)
	}
	wantPanic(t, cu.ERROR_INVALID_VALUE, func() { f.GetAttribute(-1) })
}

func TestOccupancy(t *testing.T) {
	withContext(t)
	f := load(t, axpyKernel)
	if n, err := f.MaxActiveBlocks(256, 100<<10); n != 2 || err != nil {
		t.Errorf("MaxActiveBlocks: %d, %v", n, err)
	}
	if grid, block, err := f.MaxPotentialBlockSize(0, 512); grid != 528 || block != 512 || err != nil {
		t.Errorf("MaxPotentialBlockSize: %d, %d, %v", grid, block, err)
	}
	if n, err := f.MaxActiveClusters(cu.LaunchConfig{Grid: cu.Dim3{8, 1, 1}, Block: cu.Dim3{64, 1, 1}, Cluster: cu.Dim3{2, 2, 1}}); n != 33 || err != nil {
		t.Errorf("MaxActiveClusters: %d, %v", n, err)
	}
}

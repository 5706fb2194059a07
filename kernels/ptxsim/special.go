package ptxsim

import "lbsam/kernels/driver"

// A specialSlot is the register that holds a special register's value.
type specialSlot struct {
	name string
	wide bool
	slot int32
}

// perBlock tells whether a special register differs between blocks.
func (s specialSlot) perBlock() bool {
	switch s.name {
	case "%ctaid.x", "%ctaid.y", "%ctaid.z", "%smid":
		return true
	}
	return false
}

// specialSlot returns the register of a 32-bit special register.
func (d *decoder) specialSlot(name string) int32 {
	var sample launch
	if _, ok := sample.special(name, 0, driver.Dim3{}); !ok {
		d.failf("unknown register %s", name)
	}
	return d.addSpecial(name, class32)
}

// specialSlot64 returns the register of a 64-bit special register.
func (d *decoder) specialSlot64(name string) int32 {
	if name != "%clock64" && name != "%globaltimer" {
		d.failf("unknown 64-bit register %s", name)
	}
	return d.addSpecial(name, class64)
}

func (d *decoder) addSpecial(name string, c class) int32 {
	k := d.kernel
	if s, ok := k.special[name]; ok {
		return s
	}
	s := k.addSlot(c, name)
	k.special[name] = s
	k.specialDef = append(k.specialDef, specialSlot{name, c == class64, s})
	return s
}

// special returns the value of a 32-bit special register for a thread of a
// block. Clocks stand still: nothing may depend on them.
func (l *launch) special(name string, thread uint32, block driver.Dim3) (uint32, bool) {
	lane := thread % 32
	x, y := max(l.block.X, 1), max(l.block.Y, 1)
	switch name {
	case "%tid.x":
		return thread % x, true
	case "%tid.y":
		return thread / x % y, true
	case "%tid.z":
		return thread / x / y, true
	case "%ntid.x":
		return l.block.X, true
	case "%ntid.y":
		return l.block.Y, true
	case "%ntid.z":
		return l.block.Z, true
	case "%ctaid.x":
		return block.X, true
	case "%ctaid.y":
		return block.Y, true
	case "%ctaid.z":
		return block.Z, true
	case "%nctaid.x":
		return l.grid.X, true
	case "%nctaid.y":
		return l.grid.Y, true
	case "%nctaid.z":
		return l.grid.Z, true
	case "%laneid":
		return lane, true
	case "%warpid":
		return thread / 32, true
	case "%nwarpid":
		return uint32(l.block.Size()+31) / 32, true
	case "%lanemask_eq":
		return 1 << lane, true
	case "%lanemask_lt":
		return 1<<lane - 1, true
	case "%lanemask_le":
		return 1<<lane | (1<<lane - 1), true
	case "%lanemask_gt":
		return ^(1<<lane | (1<<lane - 1)), true
	case "%lanemask_ge":
		return ^(1<<lane - 1), true
	case "%dynamic_smem_size":
		return uint32(l.dynamic), true
	case "%total_smem_size":
		return uint32(l.sharedSize), true
	case "%smid", "%nsmid", "%gridid", "%clock", "%clock_hi", "%envreg0":
		return 0, true
	case "WARP_SZ":
		return 32, true
	}
	return 0, false
}

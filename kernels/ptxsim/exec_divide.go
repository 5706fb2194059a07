package ptxsim

// Division by zero has no defined result in PTX; like the hardware, these
// give all ones, and the dividend as remainder.
func decodeDiv(d *decoder) {
	if isFloat(d.s.typ()) {
		decodeFloatDiv(d)
		return
	}
	d.modifiers()
	switch d.s.typ() {
	case "u16":
		d.lane2(func(a, b uint32) uint32 { return low(divide(low(a), low(b))) })
	case "s16":
		d.lane2(func(a, b uint32) uint32 { return low(uint32(divide(sext16(a), sext16(b)))) })
	case "u32":
		d.lane2(divide[uint32])
	case "s32":
		d.lane2(func(a, b uint32) uint32 { return uint32(divide(int32(a), int32(b))) })
	case "u64":
		d.wide2(divide[uint64])
	case "s64":
		d.wide2(func(a, b uint64) uint64 { return uint64(divide(int64(a), int64(b))) })
	default:
		d.unsupported()
	}
}

type integer interface {
	int32 | uint32 | int64 | uint64
}

func divide[T integer](a, b T) T {
	if b == 0 {
		return ^T(0)
	}
	return a / b
}

func remainder[T integer](a, b T) T {
	if b == 0 {
		return a
	}
	return a % b
}

func decodeRem(d *decoder) {
	d.modifiers()
	switch d.s.typ() {
	case "u16":
		d.lane2(func(a, b uint32) uint32 { return low(remainder(low(a), low(b))) })
	case "s16":
		d.lane2(func(a, b uint32) uint32 { return low(uint32(remainder(sext16(a), sext16(b)))) })
	case "u32":
		d.lane2(remainder[uint32])
	case "s32":
		d.lane2(func(a, b uint32) uint32 { return uint32(remainder(int32(a), int32(b))) })
	case "u64":
		d.wide2(remainder[uint64])
	case "s64":
		d.wide2(func(a, b uint64) uint64 { return uint64(remainder(int64(a), int64(b))) })
	default:
		d.unsupported()
	}
}

func decodeMin(d *decoder) {
	if isFloat(d.s.typ()) {
		decodeFloatMinMax(d, true)
		return
	}
	d.modifiers()
	switch d.s.typ() {
	case "u16":
		d.lane2(func(a, b uint32) uint32 { return min(low(a), low(b)) })
	case "s16":
		d.lane2(func(a, b uint32) uint32 { return low(uint32(min(sext16(a), sext16(b)))) })
	case "u32":
		d.lane2(func(a, b uint32) uint32 { return min(a, b) })
	case "s32":
		d.lane2(func(a, b uint32) uint32 { return uint32(min(int32(a), int32(b))) })
	case "u64":
		d.wide2(func(a, b uint64) uint64 { return min(a, b) })
	case "s64":
		d.wide2(func(a, b uint64) uint64 { return uint64(min(int64(a), int64(b))) })
	default:
		d.unsupported()
	}
}

func decodeMax(d *decoder) {
	if isFloat(d.s.typ()) {
		decodeFloatMinMax(d, false)
		return
	}
	d.modifiers()
	switch d.s.typ() {
	case "u16":
		d.lane2(func(a, b uint32) uint32 { return max(low(a), low(b)) })
	case "s16":
		d.lane2(func(a, b uint32) uint32 { return low(uint32(max(sext16(a), sext16(b)))) })
	case "u32":
		d.lane2(func(a, b uint32) uint32 { return max(a, b) })
	case "s32":
		d.lane2(func(a, b uint32) uint32 { return uint32(max(int32(a), int32(b))) })
	case "u64":
		d.wide2(func(a, b uint64) uint64 { return max(a, b) })
	case "s64":
		d.wide2(func(a, b uint64) uint64 { return uint64(max(int64(a), int64(b))) })
	default:
		d.unsupported()
	}
}

func decodeAbs(d *decoder) {
	if isFloat(d.s.typ()) {
		decodeFloatAbs(d)
		return
	}
	d.modifiers()
	switch d.s.typ() {
	case "s16":
		d.lane1(func(a uint32) uint32 { return low(uint32(max(sext16(a), -sext16(a)))) })
	case "s32":
		d.lane1(func(a uint32) uint32 { return uint32(max(int32(a), -int32(a))) })
	case "s64":
		d.wide1(func(a uint64) uint64 { return uint64(max(int64(a), -int64(a))) })
	default:
		d.unsupported()
	}
}

func decodeNeg(d *decoder) {
	if isFloat(d.s.typ()) {
		decodeFloatNeg(d)
		return
	}
	d.modifiers()
	switch d.s.typ() {
	case "s16":
		d.lane1(func(a uint32) uint32 { return low(-a) })
	case "s32":
		d.lane1(func(a uint32) uint32 { return -a })
	case "s64":
		d.wide1(func(a uint64) uint64 { return -a })
	default:
		d.unsupported()
	}
}

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A microkernel computes mr rows of nv vectors. All sums stay in registers:
// mr·nv of them, nv for the vector operand and one for the broadcast.
type microkernel struct {
	*Context
	isa
	mr, nv int
}

// rowsPerBase is how many rows of A one general register serves: those at 0,
// 1, 2 and 3 times the distance between rows behind it.
const rowsPerBase = 4

// product emits the function that gemm.go documents at microkernel.product.
// Rows lie at one distance, so that few general registers serve many, and tiles
// follow one another without a return.
func (m microkernel) product() {
	m.Function(fmt.Sprintf("product%dx%d%s", m.mr, m.nv*m.bytes/4, m.name))
	m.Attributes(NOSPLIT)
	m.SignatureExpr("func(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool, ahead *float32, aheadStep int)")
	sums := make([][]reg.VecVirtual, m.mr)
	for i := range sums {
		sums[i] = make([]reg.VecVirtual, m.nv)
		for j := range sums[i] {
			sums[i][j] = m.vector()
		}
	}
	out, a := m.Load(m.Param("out"), m.GP64()), m.Load(m.Param("a"), m.GP64())
	tiles := m.Load(m.Param("tiles"), m.GP64())
	aRow, aStep := m.Load(m.Param("aRow"), m.GP64()), m.Load(m.Param("aStep"), m.GP64())
	bStep := m.Load(m.Param("bStep"), m.GP64())
	aRow3 := m.GP64()
	m.LEAQ(Mem{Base: aRow, Index: aRow, Scale: 2}, aRow3)

	ask := m.ahead(a)

	m.Label("tile")
	for _, row := range sums {
		for _, sum := range row {
			m.VXORPS(sum, sum, sum)
		}
	}
	m.prefetchRows(out)
	bases := make([]reg.GPVirtual, (m.mr+rowsPerBase-1)/rowsPerBase)
	for i := range bases {
		bases[i] = m.GP64()
		if i == 0 {
			m.MOVQ(a, bases[0])
		} else {
			m.LEAQ(Mem{Base: bases[i-1], Index: aRow, Scale: 4}, bases[i])
		}
	}
	b, k := m.Load(m.Param("b"), m.GP64()), m.Load(m.Param("k"), m.GP64())

	m.Label("element")
	vectors := make([]reg.VecVirtual, m.nv)
	for j := range vectors {
		vectors[j] = m.vector()
		m.VMOVUPS(Mem{Base: b, Disp: m.bytes * j}, vectors[j])
	}
	broadcast := m.vector()
	for i := range sums {
		at := Mem{Base: bases[i/rowsPerBase]}
		switch i % rowsPerBase {
		case 1:
			at.Index, at.Scale = aRow, 1
		case 2:
			at.Index, at.Scale = aRow, 2
		case 3:
			at.Index, at.Scale = aRow3, 1
		}
		m.VBROADCASTSS(at, broadcast)
		for j := range vectors {
			m.VFMADD231PS(broadcast, vectors[j], sums[i][j])
		}
	}
	for _, base := range bases {
		m.ADDQ(aStep, base)
	}
	m.ADDQ(bStep, b)
	ask()
	m.DECQ(k)
	m.JNE(LabelRef("element"))
	m.storeRows(sums, out)

	m.Comment("the next tile")
	for range m.mr / rowsPerBase {
		m.LEAQ(Mem{Base: a, Index: aRow, Scale: 4}, a)
	}
	if m.mr%rowsPerBase == 2 {
		m.LEAQ(Mem{Base: a, Index: aRow, Scale: 2}, a)
	}
	m.DECQ(tiles)
	m.JNE(LabelRef("tile"))
	m.VZEROUPPER()
	m.RET()
}

// ahead loads what is asked for meanwhile, if anything is, and returns what emits
// that.
func (m microkernel) ahead(a reg.Register) (ask func()) {
	from, step := m.Load(m.Param("ahead"), m.GP64()), m.Load(m.Param("aheadStep"), m.GP64())
	m.Comment("if nobody wants anything: what is in the cache anyway")
	m.TESTQ(from, from)
	m.CMOVQEQ(a, from)
	return func() {
		m.PREFETCHT1(Mem{Base: from})
		m.ADDQ(step, from)
	}
}

// prefetchRows emits requests for the cache lines of the result, which arrive during
// the sums: a store that misses would stall the next tile.
func (m microkernel) prefetchRows(out reg.Register) {
	row, outRow := m.GP64(), m.Load(m.Param("outRow"), m.GP64())
	m.MOVQ(out, row)
	for range m.mr {
		for line := 0; line < m.nv*m.bytes; line += 64 {
			m.PREFETCHT0(Mem{Base: row, Disp: line})
		}
		m.ADDQ(outRow, row)
	}
}

// storeRows emits the end of a tile: rows of the result are set to the sums, or the
// sums are added to them. It leaves out at the next tile.
func (m microkernel) storeRows(sums [][]reg.VecVirtual, out reg.Register) {
	outRow := m.Load(m.Param("outRow"), m.GP64())
	add := m.Load(m.Param("add"), m.GP8())
	m.TESTB(add, add)
	m.JE(LabelRef("set"))
	row := m.GP64()
	m.MOVQ(out, row)
	for i := range sums {
		for j, sum := range sums[i] {
			m.VADDPS(Mem{Base: row, Disp: m.bytes * j}, sum, sum)
		}
		m.ADDQ(outRow, row)
	}
	m.Label("set")
	for i := range sums {
		for j, sum := range sums[i] {
			m.VMOVUPS(sum, Mem{Base: out, Disp: m.bytes * j})
		}
		m.ADDQ(outRow, out)
	}
}

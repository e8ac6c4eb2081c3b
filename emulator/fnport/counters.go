package fnport

import (
	"bytes"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Counters is the answer to 36h: totals of a shift or of the drive's life (fn.md
// section 8; FFD 1.1 and 1.2).
type Counters struct {
	Number      uint16 // of the shift, or of registration reports
	Documents   uint32
	Operations  [4]OperationCounters // by operation type 1–4
	Corrections uint32
	Corrected   [4]CorrectionCounters // by operation type 1–4
	Extra       []byte                // bytes that the paper does not know
}

// OperationCounters are the totals of one operation type.
type OperationCounters struct {
	Count     uint32
	Total     fiscal.Kopecks
	Cash      fiscal.Kopecks
	Ecash     fiscal.Kopecks
	Prepaid   fiscal.Kopecks
	Credit    fiscal.Kopecks
	Provision fiscal.Kopecks
	VAT20     fiscal.Kopecks
	VAT10     fiscal.Kopecks
	VAT0      fiscal.Kopecks // turnover
	VATNone   fiscal.Kopecks // turnover
	VAT20120  fiscal.Kopecks
	VAT10110  fiscal.Kopecks
}

// CorrectionCounters are the totals of corrections of one operation type.
type CorrectionCounters struct {
	Count uint32
	Total fiscal.Kopecks
}

// ShiftCounters asks for the totals of the shift (36h 0).
func (d *Driver) ShiftCounters() (Counters, error) { return d.counters(0) }

// LifeCounters asks for the totals since registration (36h 1).
func (d *Driver) LifeCounters() (Counters, error) { return d.counters(1) }

func (d *Driver) counters(which byte) (Counters, error) {
	r, err := d.start().byte(which).call(fn.CmdCounters)
	if err != nil {
		return Counters{}, err
	}
	return parseCounters(&r)
}

func parseCounters(r *reader) (Counters, error) {
	sum := func() fiscal.Kopecks { return fiscal.Kopecks(r.uint(6)) }
	c := Counters{Number: r.u16(), Documents: r.u32()}
	for i := range c.Operations {
		c.Operations[i] = OperationCounters{
			Count: r.u32(), Total: sum(), Cash: sum(), Ecash: sum(), Prepaid: sum(), Credit: sum(), Provision: sum(),
			VAT20: sum(), VAT10: sum(), VAT0: sum(), VATNone: sum(), VAT20120: sum(), VAT10110: sum(),
		}
	}
	c.Corrections = r.u32()
	for i := range c.Corrected {
		c.Corrected[i] = CorrectionCounters{Count: r.u32(), Total: sum()}
	}
	c.Extra = bytes.Clone(r.rest())
	return c, r.err
}

package flk

import (
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
)

// repeatedBits of 1206 come back in the next shift report (TRN-080).
const repeatedBits = 0xC2

// liveMargin: a report made this many seconds after bits were sent must have them.
const liveMargin = 120

// repeatedMessage compares 1206 of a shift report with the bits sent since the last
// one (P-14). Bits never sent are always odd; bits left out are odd only when the
// report was surely made after they arrived, for a report may wait in the queue.
func (c *check) repeatedMessage() {
	if c.doc.FFD() < fiscal.FFD11 || !c.latest() {
		return
	}
	got := uint8(c.doc.Uint(ffd.TagOperatorMessage)) & repeatedBits
	if extra := got &^ c.old.Bits; extra != 0 && c.old.whole(c.fd) && !c.jump() {
		c.tag(ffd.TagOperatorMessage).add("P-14", flk.Warning, "1206 = %#02x: биты %#02x оператор не передавал", got, extra)
	}
	lost := c.old.Bits &^ got
	if lost != 0 && c.old.Lag != 0 && c.old.BitsAt-c.old.Lag+liveMargin < c.time {
		c.tag(ffd.TagOperatorMessage).add("P-14", flk.Warning, "1206 = %#02x: нет битов %#02x, переданных оператором", got, lost)
	}
	c.next.Bits, c.next.BitsAt, c.next.Lag = 0, 0, 0
}

// resource: days left of the fiscal keys do not grow (P-15).
func (c *check) resource() {
	f := c.doc.Field(ffd.TagKeyResource)
	if f == nil || c.fd < c.old.KeyReport {
		return
	}
	days := uint16(ffd.NodeUint(f))
	if c.old.KeyReport != 0 && days > c.old.KeyResource {
		c.tag(ffd.TagKeyResource).add("P-15", flk.Warning, "ресурс ключей ФП вырос с %d до %d дней", c.old.KeyResource, days)
	}
	c.next.KeyResource, c.next.KeyReport = days, c.fd
}

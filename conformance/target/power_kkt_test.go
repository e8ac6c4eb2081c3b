package target_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/target"
)

// crook is the built-in register with something broken.
type crook struct {
	*target.SelfKKT
	t       *testing.T
	options func(t *testing.T, o *conformance.KKTOptions)
	wrap    func(*crooked)
}

func (c *crook) Open(ctx context.Context, o conformance.KKTOptions) (conformance.Register, error) {
	if c.options != nil {
		c.options(c.t, &o)
	}
	r, err := c.SelfKKT.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	out := &crooked{honest: r.(honest)}
	if c.wrap != nil {
		c.wrap(out)
	}
	return out, nil
}

// honest is all that the built-in register can do.
type honest interface {
	conformance.Register
	conformance.Driven
	conformance.Traced
}

type crooked struct {
	honest
	do       func(o conformance.Order, m conformance.Made, err error) (conformance.Made, error)
	exchange func(err error) error
	send     func() error // instead of the exchange
	view     func(conformance.DriveView) conformance.DriveView
	commands func([]conformance.Command) []conformance.Command
	line     func([]byte) []byte
	exec     func(code byte, b []byte) (byte, []byte)
	mute     bool // shows nothing
	idle     bool // does not work by itself
}

func (c *crooked) Do(ctx context.Context, o conformance.Order) (conformance.Made, error) {
	m, err := c.honest.Do(ctx, o)
	if c.do != nil {
		return c.do(o, m, err)
	}
	return m, err
}

func (c *crooked) Exchange(ctx context.Context) error {
	if c.send != nil {
		return c.send()
	}
	err := c.honest.Exchange(ctx)
	if c.exchange != nil {
		return c.exchange(err)
	}
	return err
}

func (c *crooked) Work(ctx context.Context) error {
	if c.idle {
		<-ctx.Done()
		return nil
	}
	return c.honest.Work(ctx)
}

func (c *crooked) Drive(ctx context.Context) (conformance.DriveView, error) {
	v, err := c.honest.Drive(ctx)
	if c.view != nil {
		v = c.view(v)
	}
	return v, err
}

func (c *crooked) Commands() []conformance.Command {
	if c.commands != nil {
		return c.commands(c.honest.Commands())
	}
	return c.honest.Commands()
}

func (c *crooked) Line() []byte {
	if c.line != nil {
		return c.line(c.honest.Line())
	}
	return c.honest.Line()
}

func (c *crooked) Exec(ctx context.Context, cmd byte, data []byte) (byte, []byte, error) {
	code, b, err := c.honest.Exec(ctx, cmd, data)
	if c.exec != nil {
		code, b = c.exec(code, b)
	}
	return code, b, err
}

func (c *crooked) Shown(ctx context.Context) ([]conformance.Shown, error) {
	if c.mute {
		return nil, nil
	}
	return c.honest.Shown(ctx)
}

// altered puts something between register and operator that changes messages.
func altered(t *testing.T, to string, change func([]byte) []byte) string {
	return listenTo(t, false, func(c net.Conn) {
		up, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		defer up.Close()
		for {
			m, err := frame(c)
			if err != nil {
				return
			}
			if _, err := up.Write(change(m)); err != nil {
				return
			}
			a, err := frame(up)
			if err != nil {
				return
			}
			if _, err := c.Write(a); err != nil {
				return
			}
		}
	})
}

func spoiling(change func([]byte) []byte) func(*testing.T, *conformance.KKTOptions) {
	return func(t *testing.T, o *conformance.KKTOptions) {
		o.OFDAddr = altered(t, o.OFDAddr, change)
		if o.MarkingAddr != "" {
			o.MarkingAddr = altered(t, o.MarkingAddr, change)
		}
	}
}

// rename changes the tag of every first-level field, so that none is found.
func rename(m []byte) []byte {
	m = append([]byte{}, m...)
	for at := 66; at+4 <= len(m)-10; {
		n := 4 + int(m[at+2]) + int(m[at+3])<<8
		m[at+1] ^= 0x40
		at += n
	}
	return m
}

var brokenRegisters = []struct {
	name    string
	make    func(*crook)
	cases   string
	notices string
}{
	{"ignores refusals", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.do = func(_ conformance.Order, m conformance.Made, err error) (conformance.Made, error) {
				var refused *conformance.Refused
				if errors.As(err, &refused) {
					return conformance.Made{FD: 99}, nil
				}
				return m, err
			}
		}
	}, "K-010|K-063|K-002", "register/refused"},
	{"hides the 30-day block", func(c *crook) { // a register that sells on under another drive's eyes
		c.wrap = func(r *crooked) {
			r.do = func(o conformance.Order, m conformance.Made, err error) (conformance.Made, error) {
				var refused *conformance.Refused
				if errors.As(err, &refused) && refused.Code == 0x15 {
					return conformance.Made{FD: 99}, nil
				}
				return m, err
			}
		}
	}, "K-063|K-064", "register/refused register/code"},
	{"refuses without a word", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.do = func(o conformance.Order, m conformance.Made, err error) (conformance.Made, error) {
				if o.Do == conformance.OrderRegister {
					return m, err
				}
				return conformance.Made{}, &conformance.Refused{Code: 0x7F}
			}
		}
	}, "K-003|K-010|K-012", "register/did register/told"},
	{"tells another code", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.do = func(_ conformance.Order, m conformance.Made, err error) (conformance.Made, error) {
				var refused *conformance.Refused
				if errors.As(err, &refused) {
					refused.Code ^= 0x40
				}
				return m, err
			}
		}
	}, "K-002", "register/code"},
	{"prints nonsense", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.do = func(o conformance.Order, m conformance.Made, err error) (conformance.Made, error) {
				m.FD += 7
				m.FPD ^= 1
				m.Printed, m.QR, m.Warnings = "x", "x", nil
				m.STLV = []byte{3, 0, 0, 0}
				if o.Do == conformance.OrderOpenShift {
					err = nil
				}
				return m, err
			}
		}
	}, "K-001|K-013|K-025|K-026|K-042|K-045|K-047|K-062|K-110|K-113|T-001|T-003", `document/text document/value document/inside document/items document/name paper/text register/fd register/fpd register/size paper/fpd paper/qr document/1017 document/1050 document/1051
		document/1052 document/1053 document/2106 power/cut register/told`},
	{"has a drive in another state", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.view = func(v conformance.DriveView) conformance.DriveView {
				return conformance.DriveView{Phase: v.Phase ^ 0x40, Queue: v.Queue + 1, Notices: v.Notices + 1, Link: v.Link | 2, Document: 4, Warnings: v.Warnings ^ 0xFF, LastFD: v.LastFD + 1}
			}
		}
	}, "K-001|K-020|K-026|K-045|K-111|K-114", "drive/phase drive/queue drive/queues drive/waiting drive/warnings drive/cancelled"},
	{"made a document when it refused", func(c *crook) {
		c.wrap = func(r *crooked) {
			n := uint32(0)
			r.view = func(v conformance.DriveView) conformance.DriveView { n++; v.LastFD += n; return v }
		}
	}, "K-111", "drive/nothing"},
	{"gives no commands", func(c *crook) {
		c.wrap = func(r *crooked) { r.commands = func([]conformance.Command) []conformance.Command { return nil } }
	}, "K-002|K-004|K-013|K-020|K-021|K-066|K-070|K-110|K-111", "drive/cancelled drive/once drive/asked drive/order wire/container drive/told drive/reason drive/cleared"},
	{"gives commands twice and from the middle", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.commands = func(all []conformance.Command) []conformance.Command {
				for i := range all {
					all[i].Data = bytes.Repeat([]byte{0xEE}, len(all[i].Data))
				}
				return append(all, all...)
			}
		}
	}, "K-004|K-066", "drive/once drive/offset"},
	{"repeats on the line", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.line = func(b []byte) []byte { return append(append([]byte{0xEE}, b...), b...) }
		}
	}, "K-028", "line/frames"},
	{"sends the command again instead of ENQ", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.line = func(b []byte) []byte {
				var out []byte
				for len(b) > 0 {
					if b[0] == 5 {
						b = b[1:]
						continue
					}
					n := 5 + int(b[1]) + int(b[2])<<8
					out = append(append(out, b[:n]...), b[:n]...)
					b = b[n:]
				}
				return out
			}
		}
	}, "K-028", "line/once line/enq"},
	{"has an archive of zeros", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.exec = func(code byte, b []byte) (byte, []byte) { return code, make([]byte, len(b)) }
		}
	}, "K-031|K-057|K-091", "archive/same archive/confirmation archive/whole archive/bytes archive/fpo drive/corrections"},
	{"has a drive that answers other codes", func(c *crook) {
		c.wrap = func(r *crooked) { r.exec = func(code byte, b []byte) (byte, []byte) { return code ^ 0x40, b } }
	}, "D-047", "drive/answer"},
	{"has a drive that lies", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.exec = func(code byte, b []byte) (byte, []byte) {
				b = bytes.Clone(b)
				switch {
				case len(b) == 30: // 30h: flags, number
					b[4], b[26] = b[4]^0xFF, b[26]^1
				case len(b) > 4:
					b[len(b)-1] ^= 1
				}
				return code, b
			}
		}
	}, "D-013|D-018|D-040|D-041|D-042|D-047", "drive/data drive/number drive/flags drive/message document/value document/counter"},
	{"has a drive that warns of nothing", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.commands = func(all []conformance.Command) []conformance.Command {
				for i := range all {
					all[i].Warning = false
				}
				return all
			}
		}
	}, "K-048", "drive/bit-7"},
	{"tells another form and another shift", func(c *crook) {
		c.wrap = func(r *crooked) {
			r.do = func(_ conformance.Order, m conformance.Made, err error) (conformance.Made, error) {
				m.Form, m.Shift, m.Number = 99, 99, 99
				return m, err
			}
		}
	}, "T-001|T-006", "register/form register/number"},
	{"has no archive", func(c *crook) {
		c.wrap = func(r *crooked) { r.exec = func(byte, []byte) (byte, []byte) { return 0x02, nil } }
	}, "K-057", "archive/record archive/end"},
	{"has an archive without end", func(c *crook) {
		c.wrap = func(r *crooked) { r.exec = func(_ byte, b []byte) (byte, []byte) { return 0, b } }
	}, "K-057", "archive/end archive/end-of-document"},
	{"shows nothing", func(c *crook) { c.wrap = func(r *crooked) { r.mute = true } }, "K-023", "register/shown"},
	{"pretends to send", func(c *crook) { c.wrap = func(r *crooked) { r.send = func() error { return nil } } }, "K-001|K-029|K-065|K-070|K-110",
		"wire/one wire/all exchange/failed wire/again drive/queue wire/82 names/asked wire/moved"},
	{"never sends", func(c *crook) { c.wrap = func(r *crooked) { r.send = func() error { return errors.New("no") } } }, "K-001", "exchange/done"},
	{"sends what nobody asked for", func(c *crook) {
		c.options = func(t *testing.T, o *conformance.KKTOptions) {
			conn, err := net.Dial("tcp", o.OFDAddr)
			require.NoError(t, err)
			t.Cleanup(func() { conn.Close() })
			_, err = conn.Write((&model.Document{Register: &model.Register{FN: "9999000000000000"}, Flags: 0x10}).Session(nil))
			require.NoError(t, err)
			_, err = frame(conn)
			require.NoError(t, err)
		}
	}, "K-001|K-042", "wire/one wire/nothing"},
	{"sends fields under other tags", func(c *crook) { c.options = spoiling(rename) }, "K-001|K-022|K-031|K-058|K-041|K-024|K-025|K-110",
		"sign/fps sign/fpd document/1040 document/1041 wire/1017 wire/1013 wire/1054 wire/1077 wire/reason wire/1101 wire/1205 wire/1206 wire/81-right"},
	{"sends another form, encrypted", func(c *crook) {
		c.options = spoiling(func(m []byte) []byte {
			m = append([]byte{}, m...)
			m[35], m[37] = m[35]^3, m[37]^1
			model.FixContainerCRC(m[30:])
			return m
		})
	}, "K-001|K-110", "wire/form wire/encrypted"},
	{"asks and notifies by other forms", func(c *crook) {
		c.options = spoiling(func(m []byte) []byte {
			if m[35] < 81 {
				return m
			}
			m = append([]byte{}, m...)
			m[35] ^= 3
			model.FixContainerCRC(m[30:])
			return m
		})
	}, "K-110", "wire/81 wire/82"},
	{"numbers receipts wrongly", func(c *crook) {
		c.options = spoiling(func(m []byte) []byte {
			if m[35] != 3 {
				return m
			}
			m = append([]byte{}, m...)
			m[49] += 9
			model.FixContainerCRC(m[30:])
			return m
		})
	}, "K-026|K-029", "wire/fd wire/order document/1040"},
	{"does not send its last report", func(c *crook) {
		c.options = spoiling(func(m []byte) []byte {
			if m[35] != 6 {
				return m
			}
			m = append([]byte{}, m...)
			m[35] = 21
			model.FixContainerCRC(m[30:])
			return m
		})
	}, "K-055", "wire/sent"},
	{"has the P-version of bad firmware", func(c *crook) {
		c.options = spoiling(func(m []byte) []byte { m = append([]byte{}, m...); m[7] = 2; return m })
	}, "K-001|K-022", "session/p-version"},
	{"sends other bytes each time", func(c *crook) {
		n := byte(0)
		var mu sync.Mutex
		c.options = spoiling(func(m []byte) []byte {
			mu.Lock()
			defer mu.Unlock()
			n++
			m = append([]byte{}, m...)
			m[28] = n
			return m
		})
	}, "K-070|K-061", "wire/same"},
	{"takes another number with its new drive", func(c *crook) {
		n := byte('0')
		c.options = spoiling(func(m []byte) []byte {
			if at := bytes.Index(m, []byte{0x0D, 4, 20, 0}); at > 0 && m[35] == 11 {
				m = append([]byte{}, m...)
				n++
				m[at+8] = n
			}
			return m
		})
	}, "K-058", "wire/1037"},
	{"repeats the operator's bits for ever", func(c *crook) {
		c.options = spoiling(func(m []byte) []byte {
			if m[35] != 2 {
				return m
			}
			m = append([]byte{}, m...) // 1189 becomes 1206 in the opening report
			if at := bytes.Index(m, []byte{0xA5, 4, 1, 0}); at > 0 {
				m[at], m[at+1], m[at+4] = 0xB6, 4, 2
			}
			return m
		})
	}, "K-024", "wire/1206-once"},
	{"stays on the line", func(c *crook) { c.wrap = func(r *crooked) { r.idle = true } }, "K-061", "connection/left wire/again"},
}

// notSpoiledKKT are checks of a register for which a broken peer would say nothing
// new, or take its time.
var notSpoiledKKT = map[string]bool{
	"answer/right":      true, // the name of success
	"model/fpo":         true, // that the model tells two signs apart
	"time/answer":       true, // a register that leaves late is waited for
	"time/no-timer":     true, // a SHOULD of real seconds
	"wire/connection":   true, // a connection that was left cannot be used again
	"register/repeated": true,
	// Proved by mutants (conformance/mutants), which change the register's own program.
	"connection/held": true, "time/began": true, "time/whole": true, "time/retry": true, "wire/connections": true, "session/awaits": true,
}

// TestPower_Register: every broken register is noticed by the checks it breaks, and
// every check has a broken register.
func TestPower_Register(t *testing.T) {
	if raced {
		t.Skip("ten times slower under the race detector, which sees the same code in the tests of the built-in ends")
	}
	t.Parallel()
	var mu sync.Mutex
	noticed := map[string]bool{}
	t.Run("peers", func(t *testing.T) {
		for _, broken := range brokenRegisters {
			t.Run(broken.name, func(t *testing.T) {
				t.Parallel()
				c := &crook{SelfKKT: target.NewSelfKKT(), t: t}
				broken.make(c)
				all, err := conformance.Selection{Of: conformance.KKT, IDs: strings.Split(broken.cases, "|")}.Choose(allCases())
				require.NoError(t, err)
				runner := &conformance.Runner{Target: c, OFD: "7704358518", Master: model.TestMasterKey(), Seed: 3, Parallel: 3,
					Timeout: 500 * time.Millisecond, Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
				bad := badNames(runner.Run(context.Background(), all))
				for _, name := range strings.Fields(broken.notices) {
					assert.True(t, bad[name], "%s does not notice", name)
					mu.Lock()
					noticed[name] = true
					mu.Unlock()
				}
			})
		}
	})
	for name := range checksOf(runKKT(casesOf(t, conformance.KKT, conformance.Selection{}), 2, 6)) {
		assert.True(t, noticed[name] || notSpoiledKKT[name], "no broken register for the check %s", name)
	}
}

package target_test

import (
	"context"
	"encoding/binary"
	"io"
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

// liar is the built-in operator seen through something broken.
type liar struct {
	*target.Self
	addr      string
	drive     func(conformance.Drive) conformance.Drive
	document  func(conformance.Document) conformance.Document
	notes     func([]conformance.Incident) []conformance.Incident
	documents func(int) int
	still     bool // its clock cannot be set after all
	settings  func(map[string]string) map[string]string
}

func (l *liar) Addr() string {
	if l.addr != "" {
		return l.addr
	}
	return l.Self.Addr()
}

func (l *liar) MarkingAddr() string { return l.Addr() }

func (l *liar) Drive(ctx context.Context, fn string) (conformance.Drive, error) {
	d, err := l.Self.Drive(ctx, fn)
	if l.drive != nil {
		d = l.drive(d)
	}
	return d, err
}

func (l *liar) Document(ctx context.Context, fn string, fd uint32) (conformance.Document, error) {
	d, err := l.Self.Document(ctx, fn, fd)
	if l.document != nil {
		d = l.document(d)
	}
	return d, err
}

func (l *liar) ByFPD(ctx context.Context, fpd string) ([]conformance.Document, error) {
	if l.document != nil {
		return nil, nil
	}
	return l.Self.ByFPD(ctx, fpd)
}

func (l *liar) Incidents(ctx context.Context, fn string) ([]conformance.Incident, error) {
	all, err := l.Self.Incidents(ctx, fn)
	if l.notes != nil {
		all = l.notes(all)
	}
	return all, err
}

func (l *liar) Quarantine(ctx context.Context, fn string) ([]conformance.Incident, error) {
	all, err := l.Self.Quarantine(ctx, fn)
	if l.notes != nil {
		all = l.notes(all)
	}
	return all, err
}

func (l *liar) Documents(ctx context.Context, fn string) (int, error) {
	n, err := l.Self.Documents(ctx, fn)
	if l.documents != nil {
		n = l.documents(n)
	}
	return n, err
}

func (l *liar) SetClock(ctx context.Context, at time.Time) error {
	if l.still {
		return nil
	}
	return l.Self.SetClock(ctx, at)
}

func (l *liar) Configure(ctx context.Context, settings map[string]string) error {
	if l.settings != nil {
		settings = l.settings(settings)
	}
	return l.Self.Configure(ctx, settings)
}

// listenTo serves connections one by one or all at once until the test ends.
func listenTo(t *testing.T, serial bool, serve func(net.Conn)) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			mu.Unlock()
			do := func() { serve(c); c.Close() }
			if serial {
				do()
			} else {
				wg.Go(do)
			}
		}
	})
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return ln.Addr().String()
}

func frame(c net.Conn) ([]byte, error) {
	header := make([]byte, 30)
	if _, err := io.ReadFull(c, header); err != nil {
		return nil, err
	}
	body := make([]byte, binary.LittleEndian.Uint16(header[24:]))
	_, err := io.ReadFull(c, body)
	return append(header, body...), err
}

// between passes messages on to the built-in operator and changes its answers; nil
// drops the answer with the connection.
func between(t *testing.T, self *target.Self, serial bool, change func(message, answer []byte) []byte) string {
	return listenTo(t, serial, func(c net.Conn) {
		up, err := net.Dial("tcp", self.Addr())
		if err != nil {
			return
		}
		defer up.Close()
		for {
			m, err := frame(c)
			if err != nil {
				return
			}
			if _, err := up.Write(m); err != nil {
				return
			}
			a, err := frame(up)
			if err != nil {
				return
			}
			if a = change(m, a); a == nil {
				return
			}
			if _, err := c.Write(a); err != nil {
				return
			}
		}
	})
}

// naive confirms whatever comes, as a mock would, after form changed the answer.
func naive(t *testing.T, form func(m *model.Message, c *model.Confirmation)) string {
	n := 0
	var mu sync.Mutex
	return listenTo(t, false, func(c net.Conn) {
		for {
			raw, err := frame(c)
			if err != nil {
				return
			}
			m, _ := model.ReadMessage(model.TestMasterKey(), "7704358518", raw)
			mu.Lock()
			n++
			at := time.Date(2026, 8, 1, 9, 0, n, 0, time.UTC)
			mu.Unlock()
			if !m.Whole() {
				if _, err := c.Write(raw); err != nil {
					return
				}
				continue
			}
			reply := model.Confirm(m, "7704358518", at)
			if form != nil {
				form(m, reply)
			}
			b := reply.Bytes()
			if m.Marking {
				b = reply.MarkingReply(model.U8(2105, 9), model.U8(2109, 9), model.U8(2111, 9), model.U8(2112, 9))
			}
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	})
}

func flip(at int) func(_, a []byte) []byte {
	return func(_, a []byte) []byte {
		a = append([]byte{}, a...)
		if at < 0 {
			a[len(a)+at] ^= 0x20
		} else if at < len(a) {
			a[at] ^= 0x20
		}
		return a
	}
}

// brokenOperators are operators with one fault each, the cases that meet it and the
// checks that must notice.
var brokenOperators = []struct {
	name    string
	make    func(t *testing.T, self *target.Self) conformance.Target
	cases   string
	notices string
}{
	{"shows nothing", func(_ *testing.T, s *target.Self) conformance.Target {
		return &liar{Self: s, drive: func(conformance.Drive) conformance.Drive { return conformance.Drive{} }, notes: func([]conformance.Incident) []conformance.Incident { return nil },
			document: func(conformance.Document) conformance.Document { return conformance.Document{} }}
	}, "O-001|O-003|O-009|O-010|O-013|O-028|O-029|O-035|O-038|O-040|O-052|O-055|O-085|O-099|O-101|O-205|F-M-03|P-018",
		`document/message-kept document/confirmed drive/status drive/rnm drive/inn drive/address drive/user drive/factory drive/ffd drive/gaps drive/policy document/flag document/1012 document/1048
		document/1173 document/form document/found document/fpd document/received document/shown document/unseen document/finding incident/raised quarantine/kept
		document/decoded-fps document/decoded-form document/decoded-1012 document/decoded-fpd document/decoded-1037 document/decoded-1018 document/decoded-1013
		document/decoded-1209 document/fiscalDriveExhaustionSign document/fiscalDriveReplaceRequiredSign document/fiscalDriveMemoryExceededSign document/ofdResponseTimeoutSign`},
	{"shows what is not there", func(_ *testing.T, s *target.Self) conformance.Target {
		return &liar{Self: s, drive: func(d conformance.Drive) conformance.Drive { d.FN = "1"; return d },
			document: func(d conformance.Document) conformance.Document { d.Rules = append(d.Rules, "X-01"); return d }}
	}, "O-014|O-032", "document/findings store/nothing"},
	{"counts wrong", func(_ *testing.T, s *target.Self) conformance.Target {
		return &liar{Self: s, documents: func(n int) int { return n + 1 }}
	}, "O-025|O-088|O-111", "store/document store/once store/nothing"},
	{"has a clock that stands", func(_ *testing.T, s *target.Self) conformance.Target { return &liar{Self: s, still: true} }, "O-028|O-055", "document/1012"},
	{"waits too long", func(_ *testing.T, s *target.Self) conformance.Target {
		return &liar{Self: s, settings: func(m map[string]string) map[string]string {
			if m != nil {
				m = map[string]string{"timeouts.scale": "0.09"}
			}
			return m
		}}
	}, "O-114", "time/limit"},
	{"serves one after another", func(t *testing.T, s *target.Self) conformance.Target {
		return &liar{Self: s, addr: between(t, s, true, func(_, a []byte) []byte { return a })}
	}, "O-100", "time/others"},
	{"is slow", func(t *testing.T, s *target.Self) conformance.Target {
		return &liar{Self: s, addr: between(t, s, false, func(m, a []byte) []byte {
			if m[35] == 81 {
				time.Sleep(1100 * time.Millisecond)
			}
			return a
		})}
	}, "O-122", "time/answer"},
	{"confirms everything", func(t *testing.T, s *target.Self) conformance.Target { return &liar{Self: s, addr: naive(t, nil)} },
		"O-005|O-020|O-032|O-070|O-088|O-095|O-098|O-120|O-123|O-125|O-126|F-I-01|F-M-03|F-S-02|O-036|O-121|O-122",
		"connection/no-answer connection/ended document/1022 document/1206 document/message answer/same answer/bytes session/header document/2105 document/2109 document/2111 document/2112"},
	{"refuses everything politely", func(t *testing.T, s *target.Self) conformance.Target {
		return &liar{Self: s, addr: naive(t, func(m *model.Message, c *model.Confirmation) {
			c.Code = 11
			c.Fields = func(f [][]byte) [][]byte {
				f[1] = model.TLV(1041, append([]byte(m.FN), make([]byte, 16-len(m.FN))...))
				return f
			}
		})}
	}, "O-001|O-007|O-008", "document/1022 document/1206 document/1068 document/1041-padded document/1041"},
	{"cannot read closing reports", func(t *testing.T, s *target.Self) conformance.Target {
		return &liar{Self: s, addr: naive(t, func(m *model.Message, c *model.Confirmation) {
			if m.Form == 5 {
				c.Code = 11
			}
		})}
	}, "O-011", "document/code"},
	{"drops every seventh answer", func(t *testing.T, s *target.Self) conformance.Target {
		n := 0
		var mu sync.Mutex
		return &liar{Self: s, addr: between(t, s, false, func(_, a []byte) []byte {
			mu.Lock()
			defer mu.Unlock()
			if n++; n%7 == 0 {
				return nil
			}
			return a
		})}
	}, "O-031|O-021", "crowd/confirmed connection/answered"},
	{"answers the message before", func(t *testing.T, s *target.Self) conformance.Target {
		var before []byte
		var mu sync.Mutex
		return &liar{Self: s, addr: between(t, s, false, func(m, a []byte) []byte {
			mu.Lock()
			defer mu.Unlock()
			old := before
			before = a
			if old == nil || m[35] < 81 {
				return a
			}
			return old
		})}
	}, "O-125", "document/2002 container/mirror"},
	{"changes the number of a request", func(t *testing.T, s *target.Self) conformance.Target {
		return &liar{Self: s, addr: between(t, s, false, func(_, a []byte) []byte {
			at := strings.Index(string(a), "\xd1\x07\x04\x00")
			if at < 0 {
				return a
			}
			return flip(at+4)(nil, a)
		})}
	}, "O-122", "document/2001 sign/fpk"},
}

func init() {
	for at, notices := range map[int]string{0: "session/signature", 4: "session/s-version", 6: "session/p-version", 8: "session/fn", 26: "session/flags", 30: "container/length", 32: "container/crc",
		35: "container/form", 39: "container/mirror", 55: "container/zeros", 62: "document/stlv", 68: "document/tlv", 70: "document/1017", 86: "document/1041",
		106: "document/1040", -5: "sign/fpp", -30: "sign/fpo"} {
		brokenOperators = append(brokenOperators, struct {
			name    string
			make    func(t *testing.T, self *target.Self) conformance.Target
			cases   string
			notices string
		}{"changes byte " + strings.ReplaceAll(notices, "/", " "), func(t *testing.T, s *target.Self) conformance.Target {
			return &liar{Self: s, addr: between(t, s, false, flip(at))}
		}, "O-001|O-006|O-203", notices})
	}
}

// notSpoiled are checks of an operator for which no broken peer is cheap: their
// limits are seconds of real time.
var notSpoiled = map[string]bool{
	"connection/blocked": true, // a peer that swallows everything is flooded for a minute
	"crowd/time":         true, // answers would have to take more than 3 s
	"answer/right":       true, // the name of success; its failures have the names of the model
}

// TestPower_Operator: every broken operator is noticed by the checks it breaks, and
// every check has a broken operator.
func TestPower_Operator(t *testing.T) {
	if raced {
		t.Skip("ten times slower under the race detector, which sees the same code in the tests of the built-in ends")
	}
	t.Parallel()
	var mu sync.Mutex
	noticed := map[string]bool{}
	t.Run("peers", func(t *testing.T) {
		for _, broken := range brokenOperators {
			t.Run(broken.name, func(t *testing.T) {
				t.Parallel()
				self, err := target.StartSelf(context.Background(), "7704358518")
				require.NoError(t, err)
				t.Cleanup(func() { assert.NoError(t, self.Stop()) })
				var ids []string
				for _, id := range strings.Split(broken.cases, "|") {
					if !strings.HasPrefix(id, "P-") {
						ids = append(ids, id)
					}
				}
				all, err := conformance.Selection{Of: conformance.OFD, IDs: ids}.Choose(allCases())
				require.NoError(t, err)
				runner := &conformance.Runner{Target: broken.make(t, self), OFD: "7704358518", Master: model.TestMasterKey(), Seed: 3, Parallel: 3, Crowd: 0.02,
					Timeout: 2 * time.Second, Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
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
	for _, name := range operatorChecks {
		assert.True(t, noticed[name] || notSpoiled[name], "no broken operator for the check %s", name)
	}
}

// badNames are the checks that failed anywhere.
func badNames(s conformance.Summary) map[string]bool {
	bad := map[string]bool{}
	for _, r := range s.Results {
		for _, c := range r.Checks {
			if !c.OK {
				bad[c.Name] = true
			}
		}
	}
	return bad
}

// checksOf are all names of checks in a run.
func checksOf(s conformance.Summary) map[string]bool {
	names := map[string]bool{}
	for _, r := range s.Results {
		for _, c := range r.Checks {
			names[c.Name] = true
		}
	}
	return names
}

// operatorChecks are the checks that cases of an operator make; TestSelf_PassesEveryCase
// holds the list to them.
var operatorChecks = strings.Fields(`answer/bytes answer/right answer/same connection/answered connection/blocked connection/ended connection/no-answer
	crowd/confirmed crowd/time document/1012 document/1022 document/1041-padded document/1048 document/1068 document/1173 document/1206 document/2001 document/2002
	document/2105 document/2109 document/2111 document/2112 document/code document/confirmed document/decoded-1012 document/decoded-1013 document/decoded-1018 document/decoded-1037
	document/decoded-1209 document/decoded-form document/decoded-fpd document/decoded-fps document/finding document/findings document/fiscalDriveExhaustionSign
	document/fiscalDriveMemoryExceededSign document/fiscalDriveReplaceRequiredSign document/flag document/form document/found document/fpd document/message document/message-kept
	document/ofdResponseTimeoutSign document/received document/shown document/unseen drive/address drive/factory drive/ffd drive/gaps drive/inn drive/policy
	drive/rnm drive/status drive/user incident/raised quarantine/kept session/flags session/header session/p-version store/document store/nothing store/once time/answer
	time/limit time/others`)

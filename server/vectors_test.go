package server_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// vectorRegister is the register that made tb-receipt.
func vectorRegister(v fiscal.FFD) *servertest.Register {
	r := servertest.NewRegister(5, v)
	r.FN, r.RegID = "9999078900005488", "0000000005008570"
	return r
}

func vector(id string) []byte { return fiscaltest.Protocol().Message(id).Hex.Bytes() }

// exchange sends bytes on a connection of their own; nil means that the server
// closed without a byte.
func (b *bench) exchange(message []byte) *wire.Message {
	b.t.Helper()
	m, err := servertest.Send(b.addr, message)
	if err == io.EOF {
		return nil
	}
	require.NoError(b.t, err)
	return m
}

// faults are the faults of all exchanges so far, oldest first.
func (b *bench) faults() []string {
	b.t.Helper()
	list, err := b.store.Exchanges(b.t.Context(), "", store.Page{})
	require.NoError(b.t, err)
	var names []string
	for _, e := range list {
		names = append(names, e.Fault.String())
	}
	return names
}

// O-020, O-030: the confirmations of the vectors, byte for byte, through the whole
// server under the clock of the vectors.
func TestServer_ReproducesConfirmations(t *testing.T) {
	t.Parallel()
	neg24 := fiscaltest.Protocol().NegativeByID("neg-24").Hex.Bytes()
	r12 := vectorRegister(fiscal.FFD12)
	r12.FD, r12.Shift = 76, 5
	for _, c := range []struct {
		want      string
		ffd       fiscal.FFD
		request   []byte
		configure func(*server.Options)
	}{
		{"tb-confirmation", fiscal.FFD105, vector("tb-receipt"), nil},
		{"tb-confirmation-encrypted", fiscal.FFD105, vector("tb-receipt-encrypted"), nil},
		{"tb-confirmation-14", fiscal.FFD105, neg24, nil}, // its item does not add up to the total
		{"tb-confirmation-1206", fiscal.FFD12, r12.Receipt(12345).Message, setting(t, "ack.extra_bits", "0x42")},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			b := startSQLite(t, func(o *server.Options) {
				if c.configure != nil {
					c.configure(o)
				}
			})
			b.ack(vectorRegister(c.ffd).Registration())
			reply := b.exchange(c.request)
			require.NotNil(t, reply)
			assert.Equal(t, vector(c.want), reply.Raw)
			again := b.exchange(c.request) // O-060, O-088
			require.NotNil(t, again)
			assert.Equal(t, reply.Raw, again.Raw)
		})
	}
}

// O-024, O-026: check codes of modes 1 and 2, priority 3, container type 5A (O-078).
func TestServer_AcceptsHeaderVariants(t *testing.T) {
	t.Parallel()
	receipt := vector("tb-receipt")
	messages := map[string][]byte{}
	for _, v := range fiscaltest.Protocol().TBGOST1.SessionHeaderVariants {
		messages[v.What] = append(v.Hex.Bytes(), receipt[wire.HeaderLen:]...)
	}
	require.Len(t, messages, 2)
	priority := append([]byte(nil), receipt...)
	priority[26] = 0xD4
	messages["priority 3"] = priority
	for name, m := range messages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			b.ack(vectorRegister(fiscal.FFD105).Registration())
			reply := b.exchange(m)
			require.NotNil(t, reply)
			assert.Equal(t, vector("tb-confirmation"), reply.Raw, "reply has no session check code (TRN-020)")
		})
	}
	t.Run("reply_crc=request", func(t *testing.T) {
		t.Parallel()
		b := start(t, setting(t, "reply_crc", "request"))
		reply := b.exchange(messages[fiscaltest.Protocol().TBGOST1.SessionHeaderVariants[1].What])
		require.NotNil(t, reply)
		assert.Equal(t, wire.CRCWhole, reply.Header.Flags.CRCMode())
	})
}

// O-032: service mode. O-120: probes of the marking and key services. Nothing is
// stored.
func TestServer_AnswersProbes(t *testing.T) {
	t.Parallel()
	b := start(t)
	modes := fiscaltest.Protocol().TBGOST1.ServiceMode
	for i := range 2 {
		reply := b.exchange(modes[i].Hex.Bytes())
		require.NotNil(t, reply)
		assert.Equal(t, modes[i+2].Hex.String(), fiscaltest.Hex(reply.Raw).String())
	}
	for _, p := range fiscaltest.Protocol().Probes {
		reply := b.exchange(p.Hex.Bytes())
		require.NotNil(t, reply, p.ID)
		want := p.Hex.Bytes()
		want[26] = 0
		assert.Equal(t, want, reply.Raw, p.ID)
	}
	assert.Empty(t, b.faults())
	stats, err := b.store.Stats(t.Context())
	require.NoError(t, err)
	assert.Zero(t, stats)
}

// awaitFault waits until the exchange log, which is written behind the answers, has
// the fault.
func (b *bench) awaitFault(name string) {
	b.t.Helper()
	require.Eventuallyf(b.t, func() bool { return slices.Contains(b.faults(), name) }, 5*time.Second, 2*time.Millisecond,
		"no %s in the exchange log", name)
}

// answered says what a document-level fault is answered with.
var answered = map[string]int{"data_type_mismatch": 11, "unparseable_document": 11, "bad_fpd": 14}

// O-070 to O-077, O-085, O-086, O-089, O-092, O-095 to O-098, O-037: all altered
// messages, each on a fresh server that checks signs.
func TestServer_RefusesNegativeVectors(t *testing.T) {
	t.Parallel()
	quarantined := map[string]bool{"fn_number_mismatch": true, "bad_message_sign": true, "fd_number_mismatch": true, "duplicate_other": true}
	all := fiscaltest.Protocol().Negative
	require.Len(t, all, 24)
	for _, n := range all {
		t.Run(n.ID, func(t *testing.T) {
			t.Parallel()
			b := start(t, func(o *server.Options) { o.Timeouts.Silence = 100 * time.Millisecond })
			b.ack(vectorRegister(fiscal.FFD105).Registration())
			if n.Expect == "duplicate_other" {
				require.NotNil(t, b.exchange(vector("tb-receipt")))
			}
			want, _, _ := strings.Cut(n.Expect, "_then_")
			reply := b.exchange(n.Hex.Bytes())
			b.judge(reply, want)
			held, err := b.store.Quarantines(t.Context(), "", store.Page{})
			require.NoError(t, err)
			assert.Len(t, held, map[bool]int{true: 1}[quarantined[want]])
			// O-070: the server takes a new connection at once.
			if want != "duplicate_other" && answered[want] == 0 {
				good := b.exchange(vector("tb-receipt"))
				require.NotNil(t, good)
				assert.Equal(t, vector("tb-confirmation"), good.Raw)
			}
		})
	}
}

// judge wants a reset or the code that answers a fault, and the fault in the log.
func (b *bench) judge(reply *wire.Message, fault string) {
	b.t.Helper()
	b.awaitFault(fault)
	code, answers := answered[fault]
	if !answers {
		assert.Nil(b.t, reply, "reset: no byte")
		return
	}
	require.NotNil(b.t, reply)
	stlv := reply.Body()[wire.ContainerHeaderLen:]
	d, err := ffd.Decode(stlv[:len(stlv)-wire.TrailerLen])
	require.NoError(b.t, err)
	assert.EqualValues(b.t, code, ffd.NodeUint(d.Field(ffd.TagMessageToFN).Child(ffd.TagOFDResponseCode)))
}

// skipFPS checks everything but the message sign, as a plug-in may.
type skipFPS struct{ *sign.TBGOST1 }

func (s skipFPS) Open(ctx context.Context, fn fiscal.FNNumber, ofd fiscal.INN, c wire.Container) (sign.Opened, error) {
	o, err := s.TBGOST1.Open(ctx, fn, ofd, c)
	o.FPS = sign.Skipped
	return o, err
}

// The second verdict of "bad_message_sign_then_…": what is found when ФПС is not
// looked at.
func TestServer_FindsWhatStandsBehindTheSign(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, n := range fiscaltest.Protocol().Negative {
		_, then, two := strings.Cut(n.Expect, "_then_")
		if !two {
			continue
		}
		seen++
		if then == "tlv_overrun" {
			then = fiscal.UnparseableDocument.String()
		}
		t.Run(n.ID, func(t *testing.T) {
			t.Parallel()
			b := start(t, func(o *server.Options) {
				var err error
				o.Policies, err = sign.NewPolicies(sign.PolicyOptions{Default: sign.PolicyExternal, External: skipFPS{servertest.Scheme}})
				require.NoError(t, err)
			})
			b.ack(vectorRegister(fiscal.FFD105).Registration())
			b.judge(b.exchange(n.Hex.Bytes()), then)
		})
	}
	assert.Equal(t, 3, seen)
}

// O-009: a captured message of a real drive is decoded, stored with its sign
// unverified, and answered by policy.
func TestServer_TakesCapture(t *testing.T) {
	t.Parallel()
	capture := fiscaltest.Protocol().Capture("cap-01")
	fields := func(t *testing.T, b *bench) store.Document {
		doc, err := b.store.Document(t.Context(), "9999078900005488", 1)
		require.NoError(t, err)
		assert.Equal(t, "unverifiable", doc.FPS)
		assert.Equal(t, "unverifiable", doc.FPDCheck)
		assert.Equal(t, capture.Hex.Bytes(), doc.Message)
		assert.Equal(t, fiscal.FormFiscalReportCorrection, doc.Form)
		assert.Equal(t, fiscal.FFD105, doc.FFD)
		assert.Equal(t, fiscal.RegNumber("0000000005008570"), doc.RegID)
		assert.Equal(t, fiscal.INN("7702203276"), doc.UserINN)
		assert.EqualValues(t, 2853205313, doc.FPD)
		assert.Equal(t, "2017-03-03 11:38:00", doc.DateTime.Format(time.DateTime))
		d, err := ffd.Decode(doc.STLV)
		require.NoError(t, err)
		assert.Len(t, d.Fields, len(capture.Container.Fields))
		return doc
	}
	t.Run("answered", func(t *testing.T) {
		t.Parallel()
		b := startSQLite(t, withPolicy(t, sign.PolicyAcceptUnverifiable))
		reply := b.exchange(capture.Hex.Bytes())
		require.NotNil(t, reply)
		assert.Equal(t, wire.PVersion{0x00, 0x01}, reply.Header.PVersion) // TRN-011, O-006
		fields(t, b)
		d := b.drive("9999078900005488")
		assert.Equal(t, "000000000002", d.KKTNumber)
		assert.Equal(t, "accept-unverifiable", d.Policy)
		exchanges, err := b.store.Exchanges(t.Context(), "", store.Page{})
		require.NoError(t, err)
		require.Len(t, exchanges, 1)
		assert.Contains(t, exchanges[0].Detail, "P-версия 0001", "TRN-010: a note, not a fault")
		assert.Equal(t, capture.Hex.Bytes(), exchanges[0].Request)
		assert.Equal(t, reply.Raw, exchanges[0].Response)
	})
	t.Run("auto", func(t *testing.T) {
		t.Parallel()
		b := startSQLite(t, withPolicy(t, sign.PolicyAuto))
		require.NotNil(t, b.exchange(capture.Hex.Bytes()))
		assert.Equal(t, "accept-unverifiable", fields(t, b).Policy)
	})
	t.Run("not answered", func(t *testing.T) {
		t.Parallel()
		b := startSQLite(t, func(o *server.Options) {
			var err error
			o.Policies, err = sign.NewPolicies(sign.PolicyOptions{Default: sign.PolicyAcceptUnverifiable, NoConfirmUnverifiable: true})
			require.NoError(t, err)
		})
		c := b.dial()
		_, err := c.Write(capture.Hex.Bytes())
		require.NoError(t, err)
		_, err = c.Exchange(fiscaltest.Protocol().TBGOST1.ServiceMode[0].Hex.Bytes())
		require.NoError(t, err, "the first bytes that come back are the probe's")
		assert.Nil(t, fields(t, b).Confirmation)
	})
	t.Run("rejected", func(t *testing.T) {
		t.Parallel()
		b := startSQLite(t, withPolicy(t, sign.PolicyReject))
		assert.Nil(t, b.exchange(capture.Hex.Bytes()))
		_, err := b.store.Document(t.Context(), "9999078900005488", 1)
		assert.ErrorIs(t, err, store.ErrNotFound)
	})
}

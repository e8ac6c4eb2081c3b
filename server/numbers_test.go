package server_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// O-088: the same document on one connection, on two, and at the same moment: equal
// confirmations, one copy.
func TestServer_RepeatsAtOnce(t *testing.T) {
	t.Parallel()
	b := startSQLite(t)
	d := servertest.NewRegister(1, fiscal.FFD105).Registration()
	const peers = 16
	replies := make([][]byte, peers)
	var wg sync.WaitGroup
	for i := range peers {
		wg.Go(func() {
			if m, err := servertest.Send(b.addr, d.Message); assert.NoError(t, err) {
				replies[i] = m.Raw
			}
		})
	}
	wg.Wait()
	for _, r := range replies {
		assert.Equal(t, replies[0], r)
	}
	n, err := b.store.CountDocuments(t.Context(), store.DocumentFilter{FN: d.FN})
	require.NoError(t, err)
	assert.EqualValues(t, 1, n)
}

// Two servers on one store: documents of one drive through both stay in order, and a
// document that both get at once is stored once.
func TestServer_TwoServersOneStore(t *testing.T) {
	t.Parallel()
	a := startSQLite(t)
	b := startOn(t, a.store)
	r := servertest.NewRegister(1, fiscal.FFD105)
	docs := []servertest.Doc{r.Registration(), r.OpenShift()}
	for range 20 {
		docs = append(docs, r.Receipt(100))
	}
	for i, d := range append(docs, r.CloseShift()) {
		servers := []string{a.addr, b.addr}
		var replies [2][]byte
		var wg sync.WaitGroup
		for j := range 2 {
			wg.Go(func() {
				if m, err := servertest.Send(servers[(i+j)%2], d.Message); assert.NoError(t, err) {
					replies[j] = m.Raw
				}
			})
		}
		wg.Wait()
		assert.Equal(t, replies[0], replies[1])
		assert.Empty(t, a.document(d).Findings)
	}
	assert.EqualValues(t, len(docs)+1, a.drive(r.FN).Version)
}

// O-090, O-091: numbers are left out and come later; the gap is shown, alarmed after
// a day, closed.
func TestServer_Gaps(t *testing.T) {
	t.Parallel()
	now := servertest.Clock
	b := startSQLite(t, func(o *server.Options) { o.Now = func() time.Time { return now } })
	r := servertest.NewRegister(1, fiscal.FFD105)
	docs := map[fiscal.FDNumber]servertest.Doc{}
	for _, d := range []servertest.Doc{r.Registration(), r.OpenShift(), r.Receipt(1), r.Receipt(2), r.Receipt(3), r.Receipt(4), r.Receipt(5),
		r.CloseShift(), r.OpenShift()} {
		docs[d.FD] = d
	}
	for _, fd := range []fiscal.FDNumber{1, 2, 3, 4, 5, 6, 9} {
		b.confirmed(docs[fd])
	}
	assert.Equal(t, []string{"Q-03"}, b.rules(docs[9]))
	assert.Equal(t, fiscal.FDGap, b.document(docs[9]).Fault)
	assert.Equal(t, []store.Gap{{From: 7, To: 8, Since: now}}, b.drive(r.FN).Gaps)

	require.NoError(t, b.srv.Sweep(t.Context()))
	assert.Empty(t, b.incidents(r.FN))
	now = now.Add(24*time.Hour + time.Minute)
	for range 2 {
		require.NoError(t, b.srv.Sweep(t.Context()))
	}
	again := startOn(t, b.store, func(o *server.Options) { o.Now = func() time.Time { return now } })
	require.NoError(t, again.srv.Sweep(t.Context()))
	assert.Equal(t, []string{"документы 7–8 не получены более 24 часов"}, b.incidents(r.FN), "once, a new start included")

	b.confirmed(docs[8], docs[7])
	assert.Empty(t, b.drive(r.FN).Gaps)
	assert.Equal(t, fiscal.FDBack, b.document(docs[7]).Fault)
	assert.Empty(t, b.rules(docs[7]), "late documents get no false findings")
	assert.Empty(t, b.rules(docs[8]))
	assert.EqualValues(t, 9, b.drive(r.FN).LastFD)
}

// O-093: a number of a receipt that repeats or jumps is accepted and flagged.
func TestServer_ReceiptNumbers(t *testing.T) {
	t.Parallel()
	b := start(t)
	r := servertest.NewRegister(1, fiscal.FFD105)
	b.confirmed(r.Registration(), r.OpenShift(), r.Receipt(1))
	r.Number-- // 1 again
	twice := r.Receipt(2)
	r.Number += 3
	jump := r.Receipt(3)
	b.confirmed(twice, jump)
	assert.Equal(t, []string{"Q-06"}, b.rules(twice))
	assert.Equal(t, []string{"Q-06"}, b.rules(jump))
}

// O-003, O-087, E-12, E-24: a drive that did not register.
func TestServer_UnknownDrive(t *testing.T) {
	t.Parallel()
	shift := func() servertest.Doc {
		r := servertest.NewRegister(1, fiscal.FFD105)
		r.FD = 1
		return r.OpenShift()
	}
	t.Run("code14", func(t *testing.T) {
		t.Parallel()
		b := start(t)
		r := servertest.NewRegister(1, fiscal.FFD105)
		r.FD = 1
		first, second := r.OpenShift(), r.Receipt(1)
		assert.Equal(t, 14, b.ack(first).Code)
		assert.Equal(t, fiscal.NotRegisteredFirst, b.document(first).Fault)
		assert.Equal(t, store.DriveUnregistered, b.drive(first.FN).Status)
		assert.Equal(t, []string{"первый документ ФН не является отчетом о регистрации"}, b.incidents(first.FN))
		b.confirmed(second)
		assert.Equal(t, []string{"E-24"}, b.rules(second))
		r.FD = 0
		b.confirmed(r.Registration()) // FD 1 after all
		assert.Equal(t, store.DriveActive, b.drive(first.FN).Status)
		assert.Empty(t, b.drive(first.FN).Gaps)
	})
	t.Run("unknown_fn=close", func(t *testing.T) {
		t.Parallel()
		b := start(t, setting(t, "unknown_fn", "close"))
		d := servertest.NewRegister(1, fiscal.FFD105).Registration()
		assert.Nil(t, b.exchange(d.Message))
		assert.Equal(t, []string{"сообщение неизвестного ФН"}, b.incidents(d.FN))
		b.awaitFault("unknown_fn")
	})
	t.Run("unknown_fn=code14", func(t *testing.T) {
		t.Parallel()
		b := start(t, setting(t, "unknown_fn", "code14"))
		r := servertest.NewRegister(1, fiscal.FFD105)
		for _, d := range []servertest.Doc{r.Registration(), r.OpenShift()} {
			assert.Equal(t, 14, b.ack(d).Code, "an answer does not make it known")
			assert.Equal(t, fiscal.UnknownFN, b.document(d).Fault)
		}
	})
	t.Run("known_fn", func(t *testing.T) {
		t.Parallel()
		b := start(t, setting(t, "unknown_fn", "close"), setting(t, "known_fn", "99990000000000"))
		r := servertest.NewRegister(1, fiscal.FFD105)
		b.confirmed(r.Registration(), r.OpenShift())
		assert.Nil(t, b.exchange(servertest.NewRegister(123456, fiscal.FFD105).Registration().Message))
	})
	t.Run("not_registered_first=confirm", func(t *testing.T) {
		t.Parallel()
		b := start(t, setting(t, "E-24", "confirm"))
		d := shift()
		b.confirmed(d)
		assert.Equal(t, fiscal.NotRegisteredFirst, b.document(d).Fault)
	})
	t.Run("not_registered_first=close", func(t *testing.T) {
		t.Parallel()
		b := start(t, setting(t, "E-24", "close"))
		d := shift()
		assert.Nil(t, b.exchange(d.Message))
		held, err := b.store.Quarantines(t.Context(), d.FN, store.Page{})
		require.NoError(t, err)
		assert.Len(t, held, 1)
	})
}

// Settings on_bad_sign and duplicate_other: code 11 although nothing is stored.
func TestServer_AnswersRefused(t *testing.T) {
	t.Parallel()
	t.Run("on_bad_sign", func(t *testing.T) {
		t.Parallel()
		b := start(t, setting(t, "on_bad_sign", "code11"))
		r := servertest.NewRegister(1, fiscal.FFD12)
		b.confirmed(r.Registration())
		d := r.OpenShift()
		d.Container[len(d.Container)-5] ^= 1
		finish(d)
		a := b.ack(d)
		assert.Equal(t, 2, a.Bits, "1206 bit 1 in the version the drive registered")
		_, err := b.store.Document(t.Context(), d.FN, d.FD)
		assert.ErrorIs(t, err, store.ErrNotFound)
		assert.Len(t, b.incidents(d.FN), 1)
	})
	t.Run("duplicate_other", func(t *testing.T) {
		t.Parallel()
		b := start(t, setting(t, "duplicate_other", "code11"))
		r := servertest.NewRegister(1, fiscal.FFD105)
		b.confirmed(r.Registration(), r.OpenShift(), r.Receipt(100))
		r.FD--
		other := r.Receipt(200)
		assert.Equal(t, 11, b.ack(other).Code)
		assert.EqualValues(t, 100, b.document(other).Total, "the first one stays")
	})
}

func finish(d servertest.Doc) {
	body := d.Message[30:]
	copy(body, d.Container)
	crc := fiscal.CRC16(body[:2], body[4:])
	body[2], body[3] = byte(crc), byte(crc>>8)
	copy(d.Container, body)
}

// O-099: a drive fixed to tb-gost-1, by setting or by its first document, never falls
// back. O-101: an encrypted container of an unknown scheme.
func TestServer_Policies(t *testing.T) {
	t.Parallel()
	t.Run("auto does not fall back", func(t *testing.T) {
		t.Parallel()
		b := start(t, withPolicy(t, sign.PolicyAuto))
		r := servertest.NewRegister(1, fiscal.FFD105)
		b.confirmed(r.Registration())
		assert.Equal(t, "tb-gost-1", b.drive(r.FN).Policy)
		d := r.OpenShift()
		d.Container[len(d.Container)-5] ^= 1
		finish(d)
		assert.Nil(t, b.exchange(d.Message))
		b.awaitFault("bad_message_sign")
	})
	for _, action := range []string{"reset", "blind"} {
		t.Run("on_foreign_encrypted="+action, func(t *testing.T) {
			t.Parallel()
			b := start(t, withPolicy(t, sign.PolicyAcceptUnverifiable), setting(t, "on_foreign_encrypted", action))
			r := servertest.NewRegister(1, fiscal.FFD105)
			r.Encrypt = true
			d := r.Registration()
			reply := b.exchange(d.Message)
			assert.NotEmpty(t, b.incidents(d.FN))
			if action == "reset" {
				assert.Nil(t, reply)
				b.awaitFault("encrypted_unreadable")
				return
			}
			a, err := servertest.ReadAck(d, reply)
			require.NoError(t, err)
			assert.True(t, a.Accepted())
			doc := b.document(d)
			assert.Nil(t, doc.STLV)
			assert.Equal(t, fiscal.EncryptedUnreadable, doc.Fault)
		})
	}
	t.Run("foreign bytes without the bit", func(t *testing.T) { // TRN-102
		t.Parallel()
		b := start(t, withPolicy(t, sign.PolicyAcceptUnverifiable))
		r := servertest.NewRegister(1, fiscal.FFD105)
		r.Encrypt = true
		d := r.Registration()
		d.Container[7] &^= 1
		finish(d)
		r.Encrypt = false
		m := b.exchange(d.Message)
		require.NotNil(t, m)
		a, err := servertest.ReadAck(d, m)
		require.NoError(t, err)
		assert.Equal(t, 11, a.Code)
		assert.Equal(t, fiscal.UnparseableDocument, b.document(d).Fault)
	})
}

// O-031 small: registers in parallel, no confirmation crossed between drives.
func TestServer_ManyRegisters(t *testing.T) {
	t.Parallel()
	b := startSQLite(t)
	const registers, receipts = 40, 10
	var wg sync.WaitGroup
	for i := range registers {
		wg.Go(func() {
			r := servertest.NewRegister(1000+i, fiscal.FFD105)
			docs := []servertest.Doc{r.Registration(), r.OpenShift()}
			for range receipts {
				docs = append(docs, r.Receipt(uint64(i+1)))
			}
			for _, d := range append(docs, r.CloseShift()) {
				m, err := servertest.Send(b.addr, d.Message)
				if !assert.NoError(t, err) {
					return
				}
				a, err := servertest.ReadAck(d, m)
				if assert.NoError(t, err) {
					assert.True(t, a.Accepted(), fmt.Sprint(d.FN, d.FD))
				}
			}
		})
	}
	wg.Wait()
	stats, err := b.store.Stats(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, registers*(receipts+3), stats.Confirmations)
	assert.Zero(t, stats.Findings)
}

// O-014: bits of 1206 come back in the next shift report and are read without error.
func TestServer_RepeatedBits(t *testing.T) {
	t.Parallel()
	b := start(t, setting(t, "ack.extra_bits", "0x42"))
	r := servertest.NewRegister(1, fiscal.FFD11)
	for _, d := range []servertest.Doc{r.Registration(), r.OpenShift(servertest.Field(ffd.TagOperatorMessage, 0x42)), r.Receipt(1),
		r.CloseShift(servertest.Field(ffd.TagOperatorMessage, 0x42))} {
		assert.Equal(t, 0x42, b.ack(d).Bits)
		assert.Empty(t, b.rules(d))
	}
	odd := r.OpenShift(servertest.Field(ffd.TagOperatorMessage, 0xC2))
	b.ack(odd)
	assert.Equal(t, []string{"P-14"}, b.rules(odd), "bit 7 was never sent")
}

// slowPlugin gives its verdict when told to.
type slowPlugin struct {
	sign.Verifier
	asked, answer chan struct{}
}

func (p slowPlugin) Open(context.Context, fiscal.FNNumber, fiscal.INN, wire.Container) (sign.Opened, error) {
	close(p.asked)
	<-p.answer
	return sign.Opened{FPS: sign.Unverifiable}, &wire.Error{Fault: fiscal.EncryptedUnreadable}
}

// O-100: a plug-in that thinks delays nobody else.
func TestServer_SlowPluginDelaysNobody(t *testing.T) {
	t.Parallel()
	slow := servertest.NewRegister(1, fiscal.FFD105)
	p := slowPlugin{Verifier: servertest.Scheme, asked: make(chan struct{}), answer: make(chan struct{})}
	b := start(t, func(o *server.Options) {
		var err error
		o.Policies, err = sign.NewPolicies(sign.PolicyOptions{Default: sign.PolicyTBGOST1, External: p,
			ByNumber: map[fiscal.FNNumber]sign.Policy{slow.FN: sign.PolicyExternal}})
		require.NoError(t, err)
	})
	done := make(chan *wire.Message)
	go func() {
		m, _ := servertest.Send(b.addr, slow.Registration().Message)
		done <- m
	}()
	<-p.asked
	quick := servertest.NewRegister(2, fiscal.FFD105)
	b.confirmed(quick.Registration(), quick.OpenShift())
	close(p.answer)
	assert.Nil(t, <-done, "unreadable without a verdict: reset")
	b.awaitFault("encrypted_unreadable")
}

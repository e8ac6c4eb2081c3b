package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

func quarantine(t *testing.T, open Open) {
	s := fresh(t, open)
	want := []store.Quarantined{
		{At: morning, FN: fnNumber(1), FD: 7, Fault: fiscal.BadMessageSign, Detail: "ФПС не сошёлся", Message: []byte{0x2A, 0, 0xFF}},
		{At: morning.Add(time.Second), FN: fnNumber(2), Fault: fiscal.FNNumberMismatch, Detail: "номера ФН различны", Message: []byte("x")},
		{Detail: "ни времени, ни номера"},
	}
	for _, q := range want {
		require.NoError(t, s.Quarantine(t.Context(), q))
	}
	got, err := s.Quarantines(t.Context(), "", store.Page{})
	require.NoError(t, err)
	require.Len(t, got, 3)
	for i := range want {
		assert.Positive(t, got[i].ID)
		want[i].ID = got[i].ID
	}
	assert.Equal(t, want, got)
	got, err = s.Quarantines(t.Context(), fnNumber(2), store.Page{})
	require.NoError(t, err)
	assert.Equal(t, want[1:2], got)

	incidents, err := s.Incidents(t.Context(), "", store.Page{})
	require.NoError(t, err)
	require.Len(t, incidents, 3, "each with an incident")
	for i, in := range incidents {
		q := want[i]
		assert.Equal(t, store.Incident{ID: in.ID, At: q.At, FN: q.FN, FD: q.FD, Fault: q.Fault, Text: q.Detail}, in)
	}
}

func incidents(t *testing.T, open Open) {
	s := fresh(t, open)
	alone := store.Incident{At: morning, FN: fnNumber(2), FD: 3, Fault: fiscal.DuplicateOther, Text: "другой документ с тем же номером"}
	require.NoError(t, s.AddIncident(t.Context(), alone))
	a := Sample(fnNumber(1), 1, 5)
	a.Incidents = []store.Incident{
		{At: morning, FN: fnNumber(1), FD: 5, Fault: fiscal.BadFPD, Text: "неверный ФПД"},
		{At: morning, FN: fnNumber(1), FD: 5, Fault: fiscal.FDGap, Text: "не пришли документы 1–4"},
	}
	accept(t, s, a)
	got, err := s.Incidents(t.Context(), "", store.Page{})
	require.NoError(t, err)
	require.Len(t, got, 3)
	for i, want := range append([]store.Incident{alone}, a.Incidents...) {
		want.ID = got[i].ID
		assert.Equal(t, want, got[i])
	}
	got, err = s.Incidents(t.Context(), fnNumber(2), store.Page{})
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, alone.Text, got[0].Text)
}

func exchanges(t *testing.T, open Open) {
	place := t.TempDir()
	s := open(t, place)
	want := []store.Exchange{
		{At: morning, Took: 1234567, Peer: "127.0.0.1:1", FN: fnNumber(1), Detail: "служебный режим", Request: []byte{0x2A, 0}, Response: []byte{0x2A, 1}},
		{At: morning, Took: time.Minute, Peer: "[::1]:2", FN: fnNumber(2), FD: 9, Fault: fiscal.BadContainerCRC, Detail: "closed", Request: []byte{1, 2, 3}},
		{Peer: "127.0.0.1:3", Fault: fiscal.BadSessionSignature, Request: []byte("GET / HTTP/1.1")},
	}
	for _, e := range want {
		require.NoError(t, s.LogExchange(t.Context(), e))
	}
	require.NoError(t, s.Close())
	s = open(t, place)
	defer func() { require.NoError(t, s.Close()) }()
	got, err := s.Exchanges(t.Context(), "", store.Page{})
	require.NoError(t, err)
	require.Len(t, got, 3)
	var last int64
	for i := range got { // those of different drives come in any order
		require.Greater(t, got[i].ID, last)
		last, got[i].ID = got[i].ID, 0
	}
	assert.ElementsMatch(t, want, got)
	got, err = s.Exchanges(t.Context(), fnNumber(2), store.Page{})
	require.NoError(t, err)
	require.Len(t, got, 1)
	want[1].ID = got[0].ID
	assert.Equal(t, want[1:2], got)
}

// The list shows the bytes of both ways, wherever the store keeps them.
func exchangesOfDocuments(t *testing.T, open Open) {
	s := fresh(t, open)
	fn := fnNumber(1)
	for i, one := range []struct {
		name   string
		change func(a *store.Acceptance)
		want   func(a store.Acceptance) store.Exchange
	}{
		{"as sent", func(*store.Acceptance) {}, func(a store.Acceptance) store.Exchange {
			e := a.Exchange
			e.Request = a.Document.Message
			return e
		}},
		{"taken from the document", func(a *store.Acceptance) { a.Exchange = store.Exchange{} }, func(a store.Acceptance) store.Exchange {
			return store.Exchange{At: a.Document.ReceivedAt, Request: a.Document.Message, Response: a.Document.Confirmation}
		}},
		{"request with more bytes", func(a *store.Acceptance) {
			a.Exchange.Request = append([]byte("noise"), a.Document.Message...)
		}, func(a store.Acceptance) store.Exchange { return a.Exchange }},
		{"damaged response", func(a *store.Acceptance) {
			a.Exchange.Response, a.Exchange.Detail = []byte("damaged on purpose"), "fault switched on"
		}, func(a store.Acceptance) store.Exchange {
			e := a.Exchange
			e.Request = a.Document.Message
			return e
		}},
		{"no answer", func(a *store.Acceptance) { a.Exchange.Response, a.Document.Confirmation = nil, nil }, func(a store.Acceptance) store.Exchange {
			e := a.Exchange
			e.Request = a.Document.Message
			return e
		}},
		{"fault of the document", func(a *store.Acceptance) { *a = flagged(*a) }, func(a store.Acceptance) store.Exchange {
			e := a.Exchange
			e.Request, e.Fault = a.Document.Message, fiscal.FLKFailed
			return e
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			a := Sample(fn, int64(i+1), fiscal.FDNumber(i+1))
			one.change(&a)
			want := one.want(a)
			accept(t, s, a)
			all, err := s.Exchanges(t.Context(), fn, store.Page{})
			require.NoError(t, err)
			require.Len(t, all, i+1)
			got := all[i]
			d, err := s.Document(t.Context(), fn, a.Document.FD)
			require.NoError(t, err)
			want.ID, want.FN, want.FD = got.ID, fn, d.FD
			assert.Equal(t, want, got)
		})
	}
}

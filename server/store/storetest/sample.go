package storetest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// morning is when samples begin; FD n arrives n minutes later.
var morning = time.Date(2026, 3, 1, 6, 0, 0, 123456789, time.UTC)

// Offsets in a sample message: session header and container header before the
// document, eight bytes of sign after it.
const (
	stlvAt      = 62
	trailerLen  = 8
	replyHeader = 30
)

// fnNumber is the n-th drive of the tests.
func fnNumber(n int) fiscal.FNNumber { return fiscal.FNNumber(fmt.Sprintf("99990789%08d", n)) }

// Sample is the acceptance of a receipt: the fd-th document of the drive and its
// version-th change. The bytes are random but always the same for (fn, fd).
func Sample(fn fiscal.FNNumber, version int64, fd fiscal.FDNumber) store.Acceptance {
	at := morning.Add(time.Duration(fd) * time.Minute)
	message := sampleBytes(fn, fd, "message", 80, 900)
	confirmation := sampleBytes(fn, fd, "confirmation", 100, 200)
	return store.Acceptance{
		Document: store.Document{
			FN: fn, FD: fd, Form: fiscal.FormReceipt, FFD: fiscal.FFD12, RegID: "0000000001012345", UserINN: "7704358518",
			DateTime: at.Add(3 * time.Hour).Truncate(time.Second), ReceivedAt: at, Shift: 1 + uint32(fd)/100, Number: uint32(fd) % 100,
			Operation: fiscal.Sell, Total: fiscal.Kopecks(100 * fd), FPD: fiscal.FPD(uint32(fd) * 2654435761),
			Message: message, STLV: message[stlvAt : len(message)-trailerLen], Confirmation: confirmation,
			Policy: "tb-gost-1", FPS: "ok", FPDCheck: "ok",
		},
		Drive: store.Drive{
			FN: fn, Version: version, RegID: "0000000001012345", UserINN: "7704358518", User: "ООО «Ромашка»",
			KKTNumber: "00106900000001", Address: "129626, г. Москва, пр-кт Мира, д. 1", FFD: fiscal.FFD12, Status: store.DriveActive,
			LastFD: fd, LastAt: at, Documents: version, Policy: "tb-gost-1", History: sampleBytes(fn, fd, "history", 1, 300),
		},
		Exchange: store.Exchange{
			At: at.Add(-3 * time.Millisecond), Took: 3 * time.Millisecond, Peer: "127.0.0.1:40001",
			Response: append(sampleBytes(fn, fd, "reply", replyHeader, replyHeader), confirmation...),
		},
	}
}

// sampleBytes gives low to high bytes that depend on what they are for.
func sampleBytes(fn fiscal.FNNumber, fd fiscal.FDNumber, what string, low, high int) []byte {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d/%s", fn, fd, what)
	rng := rand.New(rand.NewPCG(h.Sum64(), 1))
	b := make([]byte, 0, high+8)
	for size := low + rng.IntN(high-low+1); len(b) < size; {
		b = binary.LittleEndian.AppendUint64(b, rng.Uint64())
	}
	return b[:max(low, min(len(b), high))]
}

// encrypted makes the plain document one that is not found in the message.
func encrypted(a store.Acceptance) store.Acceptance {
	a.Document.STLV = bytes.ToUpper(append([]byte("plain "), a.Document.STLV...))
	return a
}

// flagged adds findings and a fault.
func flagged(a store.Acceptance) store.Acceptance {
	a.Document.Fault = fiscal.FLKFailed
	a.Document.Findings = []flk.Finding{
		{Rule: "M-03", Severity: flk.Error, Path: []tlv.Tag{1059, 1043}, Offset: 118, Code: 507, Text: "сумма не сходится"},
		{Rule: "R-01", Severity: flk.Warning, Text: "нет реквизита"},
	}
	return a
}

// life is the first n documents of a drive.
func life(fn fiscal.FNNumber, n int) []store.Acceptance {
	all := make([]store.Acceptance, n)
	for i := range all {
		all[i] = Sample(fn, int64(i+1), fiscal.FDNumber(i+1))
	}
	return all
}

// bare drops what the store gives, to compare with what it was given.
func bare(d store.Document) store.Document {
	d.ID = 0
	return d
}

func bareDrive(v store.Drive) store.Drive {
	v.ID = 0
	return v
}

// fdOf is the document that is the version-th change of a drive without gaps.
func fdOf(version int64) fiscal.FDNumber { return fiscal.FDNumber(version) }

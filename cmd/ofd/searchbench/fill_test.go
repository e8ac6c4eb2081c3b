package searchbench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// The base is a town of registers that live the same days: each makes a registration
// report and then shifts of fifty documents, one a day, and their documents come
// mixed, as at a real operator.
const (
	perRegister = 1000 // documents of one
	perShift    = 50   // opening and closing included
	writers     = 512  // registers that wait for their confirmation at once
	factory     = "00106900000001"
)

// firstDay is the midnight before the first shift, by the clock of the registers.
var firstDay = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)

// base is what the bench knows of the documents without asking the store.
type base struct {
	moulds    *moulds
	registers int
	each      int // documents of a register
}

func newBase(ctx context.Context, documents int) (*base, error) {
	m, err := castMoulds(ctx)
	if err != nil {
		return nil, err
	}
	each := min(perRegister, max(documents/20, 2))
	return &base{m, max(documents/each, 1), each}, nil
}

func (b *base) documents() int { return b.registers * b.each }

// days is how many days have documents.
func (b *base) days() int { return (b.each-2)/perShift + 1 }

func userOf(register int) fiscal.INN {
	return fiscal.WithCheckDigits(fmt.Sprintf("77%07d", register / *perUser))
}

func fnOf(register int) fiscal.FNNumber {
	return fiscal.FNNumber(fmt.Sprintf("99990790%08d", register))
}

func regOf(register int) fiscal.RegNumber {
	return fiscal.MakeRegNumber(uint64(register+1), userOf(register), factory)
}

// place is where the n-th document of a register stands, n from 0.
func (b *base) place(register, n int) place {
	p := place{
		fn: fnOf(register), reg: regOf(register), user: userOf(register),
		fd: fiscal.FDNumber(n + 1), fpd: fpd(register, n),
	}
	if n == 0 {
		p.at = firstDay.Add(7*time.Hour + time.Duration(register%60)*time.Minute)
		return p
	}
	day, step := (n-1)/perShift, (n-1)%perShift
	p.shift = uint32(day + 1)
	p.at = firstDay.AddDate(0, 0, day).Add(8*time.Hour + time.Duration(step*15+register%15)*time.Minute)
	if step > 0 && step < perShift-1 {
		p.number = uint32(step)
	}
	return p
}

// mix scatters numbers over all values, each to another one (the finalizer of
// MurmurHash3).
func mix(n uint32) uint32 {
	n = (n ^ n>>16) * 0x85EBCA6B
	n = (n ^ n>>13) * 0xC2B2AE35
	return n ^ n>>16
}

// fpd of the n-th document of a register, each another.
func fpd(register, n int) fiscal.FPD { return fiscal.FPD(mix(uint32(register*perRegister+n)) | 1) }

// mould of the n-th document of a register.
func (b *base) mould(register, n int) *mould {
	switch step := (n - 1) % perShift; {
	case n == 0:
		return &b.moulds.registration
	case step == 0:
		return &b.moulds.open
	case step == perShift-1:
		return &b.moulds.close
	}
	return &b.moulds.receipts[mix(uint32(fpd(register, n)))%uint32(len(b.moulds.receipts))]
}

func (b *base) document(register, n int) store.Document {
	p := b.place(register, n)
	return b.mould(register, n).document(&p)
}

// fill sends all documents through Accept, as the intake does.
func (b *base) fill(ctx context.Context, s store.Store, progress func(done int64)) error {
	var wg sync.WaitGroup
	var done atomic.Int64
	failed := make(chan error, writers)
	for w := range min(writers, b.registers) {
		wg.Go(func() {
			for n := range b.each {
				for register := w; register < b.registers; register += writers {
					if err := s.Accept(ctx, b.acceptance(register, n)); err != nil {
						failed <- err
						return
					}
					progress(done.Add(1))
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

// history is as long as what the checks keep of a drive.
var history = make([]byte, 300)

func (b *base) acceptance(register, n int) store.Acceptance {
	d := b.document(register, n)
	return store.Acceptance{
		Document: d,
		Drive: store.Drive{
			FN: d.FN, Version: int64(n + 1), RegID: d.RegID, UserINN: d.UserINN, User: "ООО Ромашка", KKTNumber: factory,
			Address: "101000, г. Москва, ул. Ленина, д. 1", FFD: fiscal.FFD12, Status: store.DriveActive, LastFD: d.FD, LastAt: d.ReceivedAt,
			Documents: int64(n + 1), Policy: d.Policy, History: history,
		},
		Exchange: store.Exchange{At: d.ReceivedAt, Took: time.Millisecond, Peer: "127.0.0.1:40000"},
	}
}

package fnport

import (
	"testing"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

// FuzzAnswers gives any bytes as the answer to every command: no answer may crash
// the register.
func FuzzAnswers(f *testing.F) {
	for _, p := range fiscaltest.Protocol().FNPayloads {
		f.Add([]byte(p.Hex), byte(0))
	}
	f.Add([]byte{}, byte(0x20))
	f.Fuzz(func(t *testing.T, data []byte, code byte) {
		if len(data) > MaxData {
			return
		}
		calls := 0
		d := New(portFunc(func(byte, []byte) (fn.Answer, error) {
			if calls++; calls > 40 {
				return fn.Answer{Code: fn.NoData}, nil
			}
			return fn.Answer{Code: fn.Code(code & 0x7F), Data: data}, nil
		}))
		for _, call := range []func() error{
			func() error { _, err := d.Status(); return err },
			func() error { _, err := d.Number(); return err },
			func() error { _, err := d.Life(); return err },
			func() error { _, err := d.Version(); return err },
			func() error { _, _, err := d.FFD(); return err },
			func() error { _, err := d.DaysLeft(august); return err },
			func() error { _, err := d.MemoryLeft(); return err },
			func() error { _, err := d.ShiftParams(); return err },
			func() error { _, err := d.OpenShift(); return err },
			func() error { _, err := d.FormStateReport(); return err },
			func() error { _, err := d.ExchangeStatus(); return err },
			func() error { _, err := d.ReadMessage(nil); return err },
			func() error { _, err := d.Ack(nil); return err },
			func() error { _, err := d.FindDocument(1); return err },
			func() error { _, err := d.FindAck(1); return err },
			func() error { _, err := d.RegistrationResult(); return err },
			func() error { _, err := d.RegistrationResultAt(1); return err },
			func() error { _, err := d.Registration(0); return err },
			func() error { _, err := d.Document(1); return err },
			func() error { _, err := d.Unconfirmed(); return err },
			func() error { _, err := d.ShiftCounters(); return err },
			func() error { _, err := d.MarkingState(); return err },
			func() error { _, err := d.CheckMarking(1, nil, nil); return err },
			func() error { _, _, err := d.MarkingAnswer(nil); return err },
			func() error { _, err := d.NoticeStatus(); return err },
		} {
			calls = 0
			if err := call(); err != nil {
				_ = err.Error()
				Reason(err)
			}
		}
	})
}

package target_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/target"
	"github.com/fiscalbench/fiscalbench/emulator/control"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// TestFirmware_JudgesWhatComes: a register that nobody drives, with a drive that
// refuses the bench's confirmations as a real one does, is judged by what it sends by
// itself; the other cases say that they need hands.
func TestFirmware_JudgesWhatComes(t *testing.T) {
	t.Parallel()
	ofd := free(t)
	till, err := control.NewTill(control.TillOptions{OFD: ofd, FN: fn.Options{Faults: fn.Faults{RefuseAcks: []fn.AckFault{{Reason: 1, Times: 1 << 30}}}}, OneShot: true})
	require.NoError(t, err)
	_, err = till.Register(kkt.Registration{FFD: fiscal.FFD105, RegNumber: fiscal.MakeRegNumber(5, "7702203276", "000000000002"), KKTNumber: "000000000002",
		User: "ООО Ромашка", UserINN: "7702203276", Address: "Москва", Place: "касса 1", Tax: kkt.TaxGeneral, OFDINN: "7704358518", OFDName: "ОФД",
		SellerAddress: "shop@example.test", Cashier: kkt.Cashier{Name: "Кассир"}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	worked := make(chan error, 1)
	go func() { worked <- till.Run(ctx, 10*time.Millisecond) }()
	t.Cleanup(func() { cancel(); assert.NoError(t, <-worked) })

	all, err := conformance.Selection{Of: conformance.KKT, Skip: []string{"K-061", "K-092", "K-098", "K-099", "K-095"}}.Choose(allCases()) // those take the 300 s of the register's answer timer
	require.NoError(t, err)
	runner := &conformance.Runner{Target: &target.Firmware{OFD: ofd, Wait: 5 * time.Second}, OFD: "7704358518", Master: model.TestMasterKey(), Seed: 1,
		Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
	s := runner.Run(context.Background(), all)
	passed := map[string]bool{}
	for _, r := range s.Results {
		switch r.Outcome {
		case conformance.Pass:
			passed[r.ID] = true
		case conformance.Skip:
			assert.Contains(t, r.Reason, "needs hands", "%s", r.ID)
		default:
			t.Errorf("%s %s %s: %+v", r.Outcome, r.ID, r.Reason, failed(r))
		}
	}
	for _, id := range []string{"K-021", "K-022", "K-071", "K-073", "K-096", "K-100"} {
		assert.True(t, passed[id], id)
	}
}

// TestFirmware_AsksForHands: with a person beside it the orders become sentences.
func TestFirmware_AsksForHands(t *testing.T) {
	t.Parallel()
	var asked []string
	f := &target.Firmware{OFD: free(t), Wait: 50 * time.Millisecond, Ask: func(_ context.Context, what string) error {
		asked = append(asked, what)
		return nil
	}}
	all, err := conformance.Selection{Of: conformance.KKT, IDs: []string{"K-030"}, FFD: 2}.Choose(allCases())
	require.NoError(t, err)
	runner := &conformance.Runner{Target: f, OFD: "7704358518", Master: model.TestMasterKey(), Seed: 1, Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
	runner.Run(context.Background(), all)
	require.GreaterOrEqual(t, len(asked), 2)
	assert.Contains(t, asked[0], "register: operator 7704358518")
	assert.Contains(t, asked[1], "correct: 1 item(s) of 100.00 roubles, cash, without VAT")
}

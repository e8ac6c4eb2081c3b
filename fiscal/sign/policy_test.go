package sign

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

// silent is a plug-in that never knows.
type silent struct{ Verifier }

func policies(t *testing.T, o PolicyOptions) *Policies {
	t.Helper()
	p, err := NewPolicies(o)
	require.NoError(t, err)
	return p
}

// fiscal-sign.md section 7: exact number, then prefix, then default.
func TestPolicies_Choice(t *testing.T) {
	t.Parallel()
	var o PolicyOptions
	for _, rule := range []string{"9999078900005488 = tb-gost-1", "99990789*=reject", "9999 * = external", "*=accept-unverifiable"} {
		require.NoError(t, o.AddRule(rule), rule)
	}
	o.External = silent{scheme()}
	p := policies(t, o)
	for _, tt := range []struct {
		fn     fiscal.FNNumber
		stored Policy
		want   Policy
	}{
		{"9999078900005488", "", PolicyTBGOST1},
		{"9999078900005489", "", PolicyReject},
		{"9999078900005489", PolicyTBGOST1, PolicyReject},
		{"9999000000000000", "", PolicyExternal},
		{"8710000100000000", "", PolicyAcceptUnverifiable},
		{"8710000100000000", PolicyTBGOST1, PolicyAcceptUnverifiable},
	} {
		assert.Equal(t, tt.want, p.For(tt.fn, tt.stored).Policy, "%s stored %q", tt.fn, tt.stored)
	}
}

func TestPolicies_Treatments(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy           Policy
		confirm, checked bool
	}{
		{PolicyTBGOST1, true, true}, {PolicyAcceptUnverifiable, true, false},
		{PolicyExternal, true, true}, {PolicyReject, false, false}, {PolicyAuto, true, true},
	} {
		got := policies(t, PolicyOptions{Default: tt.policy, External: silent{}}).For(vectorFN, "")
		assert.Equal(t, tt.policy, got.Policy)
		assert.Equal(t, tt.confirm, got.Confirm, tt.policy)
		assert.Equal(t, tt.checked, got.Checked, tt.policy)
		assert.Equal(t, tt.policy == PolicyReject, got.Verifier == nil)
	}
	quiet := policies(t, PolicyOptions{Default: PolicyAcceptUnverifiable, NoConfirmUnverifiable: true})
	assert.False(t, quiet.For(vectorFN, "").Confirm)
}

func TestPolicies_BadSettings(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"", "tb-gost-1", "9999=nonsense", "99x9*=reject", "=reject", "12345678901234567=reject"} {
		var o PolicyOptions
		assert.Error(t, o.AddRule(rule), rule)
	}
	for _, o := range []PolicyOptions{
		{Default: "nonsense"},
		{Default: PolicyExternal},
		{ByNumber: map[fiscal.FNNumber]Policy{vectorFN: PolicyExternal}},
		{ByPrefix: map[string]Policy{"9": ""}},
	} {
		_, err := NewPolicies(o)
		assert.Error(t, err)
	}
	_, err := ParsePolicy("auto")
	assert.NoError(t, err)
}

func TestPolicies_Auto(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol()
	p := policies(t, PolicyOptions{})
	foreign := v.Capture("cap-01").Body()
	ours := v.Message("tb-receipt").Body()
	forged := v.NegativeByID("neg-17").Body()
	for _, tt := range []struct {
		name    string
		stored  Policy
		body    []byte
		want    Policy
		fps     Verdict
		checked bool
	}{
		{"ours is fixed to the scheme", "", ours, PolicyTBGOST1, OK, true},
		{"undecided is decided", PolicyAuto, ours, PolicyTBGOST1, OK, true},
		{"a foreign drive is accepted", "", foreign, PolicyAcceptUnverifiable, Unverifiable, false}, // O-009
		{"a bad sign at first is foreign", "", forged, PolicyAcceptUnverifiable, Unverifiable, false},
		{"once fixed a bad sign is an error", PolicyTBGOST1, forged, PolicyTBGOST1, Bad, true},
		{"once fixed never falls back", PolicyTBGOST1, foreign, PolicyTBGOST1, Bad, true},
		{"a foreign drive stays foreign", PolicyAcceptUnverifiable, ours, PolicyAcceptUnverifiable, Unverifiable, false},
		{"a decision of other settings is made again", PolicyReject, ours, PolicyTBGOST1, OK, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, o, err := p.Open(ctx, vectorFN, vectorOFD, tt.stored, container(t, tt.body))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got.Policy)
			assert.Equal(t, tt.fps, o.FPS)
			assert.Equal(t, tt.checked, got.Checked)
			assert.NotEmpty(t, o.STLV)
			assert.Equal(t, got, p.For(vectorFN, got.Policy), "the decision is stable")
		})
	}
}

// E-14: under every policy an encrypted container without a key is told apart.
func TestPolicies_ForeignEncrypted(t *testing.T) {
	t.Parallel()
	c := container(t, fiscaltest.Protocol().Message("tb-receipt-encrypted").Body())
	for _, policy := range []Policy{PolicyAuto, PolicyTBGOST1, PolicyAcceptUnverifiable} {
		got, o, err := policies(t, PolicyOptions{Default: policy}).Open(ctx, otherFN, vectorOFD, "", c)
		assert.Equal(t, fiscal.EncryptedUnreadable, fault(t, err), policy)
		assert.Nil(t, o.STLV)
		assert.NotEqual(t, PolicyAuto, got.Policy)
	}
	got, o, err := policies(t, PolicyOptions{}).Open(ctx, vectorFN, vectorOFD, "", c)
	require.NoError(t, err)
	assert.Equal(t, OK, o.FPS)
	assert.Equal(t, PolicyTBGOST1, got.Policy)
}

func TestPolicies_Reject(t *testing.T) {
	t.Parallel()
	c := container(t, fiscaltest.Protocol().Message("tb-receipt").Body())
	got, _, err := policies(t, PolicyOptions{Default: PolicyReject}).Open(ctx, vectorFN, vectorOFD, "", c)
	require.ErrorIs(t, err, ErrRefused)
	assert.False(t, got.Confirm)
}

func TestAcceptUnverifiable_ConfirmsByTheScheme(t *testing.T) {
	t.Parallel()
	m := fiscaltest.Protocol().Message("tb-confirmation")
	r := ConfirmRequest{FN: vectorFN, OFD: vectorOFD, Request: container(t, fiscaltest.Protocol().Message("tb-receipt").Body()), STLV: without1078(t, m.STLV())}
	b, err := policies(t, PolicyOptions{Default: PolicyAcceptUnverifiable}).For(vectorFN, "").Verifier.Confirm(ctx, r)
	require.NoError(t, err)
	assert.Equal(t, m.Body(), b)
}

func TestAcceptUnverifiable_BrokenContainers(t *testing.T) {
	t.Parallel()
	whole := fiscaltest.Protocol().Message("tb-receipt").Body()
	short := finish(append([]byte{}, whole[:len(whole)-1]...))
	torn := append([]byte{}, whole...)
	torn[35] = 0xff // the document runs past the container
	for want, b := range map[fiscal.Fault][]byte{fiscal.BadTrailer: short, fiscal.UnparseableDocument: finish(torn)} {
		_, err := AcceptUnverifiable(scheme()).Open(ctx, vectorFN, vectorOFD, container(t, b))
		assert.Equal(t, want, fault(t, err))
	}
	_, _, err := AcceptUnverifiable(scheme()).CheckFPD(ctx, vectorFN, fiscal.FormReceipt, []byte{3})
	require.Error(t, err)
}

func TestCache_IsBoundedAndKeepsTheUsed(t *testing.T) {
	t.Parallel()
	c := newCache[int, int](10)
	c.put(-1, 1)
	for i := range 1000 {
		c.put(i, i)
		_, ok := c.get(-1)
		require.True(t, ok, "used all the time, after %d others", i)
		require.LessOrEqual(t, len(c.young)+len(c.old), 11)
	}
	_, ok := c.get(0)
	assert.False(t, ok)
}

func TestTBGOST1_SurvivesASmallCache(t *testing.T) {
	t.Parallel()
	s := NewTBGOST1(TBGOST1Options{CachedDrives: 1})
	m := fiscaltest.Protocol().Message("tb-receipt-encrypted")
	done := make(chan error)
	for range 4 {
		go func() {
			for range 20 {
				s.Drive(otherFN, 0)
				o, err := s.Open(context.Background(), vectorFN, vectorOFD, container(t, m.Body()))
				if err != nil || o.FPS != OK {
					done <- assert.AnError
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		require.NoError(t, <-done)
	}
}

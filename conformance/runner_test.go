package conformance_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
)

func hangUp(c *net.TCPConn) { c.Read(make([]byte, 4096)); c.Close() }

func TestRunner_RunsEveryVariantWithItsOwnNumbers(t *testing.T) {
	t.Parallel()
	fns := map[string]string{}
	c := one(conformance.Doc, func(ctx context.Context, r *conformance.Run) {
		reg := r.Standard()
		fns[r.Variant().String()] = reg.FN
		r.Expect("x", conformance.Doc, "x", reg.FFD == r.Variant().Version() && reg.Encrypt == r.Variant().Encrypt, true, false)
	})
	c[0].Variants = conformance.EachWay
	s := runner(listen(t, hangUp)).Run(context.Background(), c)
	require.Len(t, s.Results, len(conformance.EachWay))
	numbers := map[string]bool{}
	for i, r := range s.Results {
		assert.Equal(t, conformance.Pass, r.Outcome)
		assert.Equal(t, conformance.EachWay[i].String(), r.Variant)
		numbers[fns[r.Variant]] = true
	}
	assert.Len(t, numbers, len(conformance.EachWay))
	assert.Equal(t, "ffd1.2+encrypted", conformance.Variant{FFD: 4, Encrypt: true}.String())
}

func TestRunner_ParallelGivesTheSameSortedResults(t *testing.T) {
	t.Parallel()
	p := listen(t, hangUp)
	var all []conformance.Case
	var now, most atomic.Int32
	for i := range 20 {
		c := one(conformance.Doc, func(ctx context.Context, r *conformance.Run) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			r.Dial(ctx).Refused(r.Standard().Registration().Bytes(), conformance.Doc, "closed")
			now.Add(-1)
		})[0]
		c.ID = fmt.Sprintf("O-%03d", 900-i)
		all = append(all, c)
	}
	one, many := runner(p), runner(p)
	many.Parallel = 4
	first := one.Run(context.Background(), all)
	assert.EqualValues(t, 1, most.Load())
	second := many.Run(context.Background(), all)
	assert.Greater(t, most.Load(), int32(1))
	require.Len(t, second.Results, 20)
	for i := range first.Results {
		assert.Equal(t, first.Results[i].ID, second.Results[i].ID)
		assert.Equal(t, first.Results[i].Exchanges, second.Results[i].Exchanges)
		if i > 0 {
			assert.Less(t, second.Results[i-1].ID, second.Results[i].ID)
		}
	}
}

func TestRunner_BlocksWhatCannotBeJudged(t *testing.T) {
	t.Parallel()
	s := runner(listen(t, hangUp)).Run(context.Background(), one(conformance.Doc, func(ctx context.Context, r *conformance.Run) {
		r.Given("a registered drive", func() {
			reg := r.Standard()
			r.Dial(ctx).Accepted(reg, reg.Registration().Bytes(), conformance.Doc)
		})
		r.Expect("never/reached", conformance.Doc, "x", true, 1, 1)
	}))
	assert.Equal(t, conformance.Blocked, s.Results[0].Outcome)
	assert.Contains(t, s.Results[0].Reason, "a registered drive: connection/answered: expected answered, seen closed")
	assert.False(t, s.Conformant())
}

func TestRunner_LevelsAndStrictness(t *testing.T) {
	t.Parallel()
	p := listen(t, hangUp)
	for _, tc := range []struct {
		level  conformance.Level
		mark   conformance.Mark
		strict bool
		want   conformance.Outcome
	}{
		{"", conformance.Doc, false, conformance.Fail}, {conformance.Should, conformance.Doc, false, conformance.Warn}, {conformance.Should, conformance.Doc, true, conformance.Warn},
		{"", conformance.TB, false, conformance.Warn}, {"", conformance.TB, true, conformance.Fail},
	} {
		c := one(tc.mark, func(_ context.Context, r *conformance.Run) { r.Expect("x", tc.mark, "x", false, 1, 2) })
		c[0].Level = tc.level
		run := runner(p)
		run.Strict = tc.strict
		assert.Equal(t, tc.want, run.Run(context.Background(), c).Results[0].Outcome, "%+v", tc)
	}
}

func TestRunner_SkipsWhatNeedsHands(t *testing.T) {
	t.Parallel()
	c := one(conformance.Doc, func(context.Context, *conformance.Run) { t.Error("must not run") })
	c[0].Hands = "pull the plug"
	s := runner(listen(t, hangUp)).Run(context.Background(), c)
	assert.Equal(t, conformance.Skip, s.Results[0].Outcome)
	assert.Equal(t, "needs hands: pull the plug", s.Results[0].Reason)
}

func TestConn_SplitsMessages(t *testing.T) {
	t.Parallel()
	got := make(chan int, 1)
	p := listen(t, func(c *net.TCPConn) {
		b, n := make([]byte, 4096), 0
		for n < 100 {
			k, err := c.Read(b[n:])
			if err != nil {
				break
			}
			n += k
		}
		got <- n
		c.Close()
	})
	c := one(conformance.Doc, func(ctx context.Context, r *conformance.Run) {
		r.Dial(ctx).Refused(make([]byte, 100), conformance.Doc, "closed")
	})
	c[0].Variants = []conformance.Variant{{Split: 7}}
	s := runner(p).Run(context.Background(), c)
	require.Equal(t, conformance.Pass, s.Results[0].Outcome, "%+v", s.Results[0])
	select {
	case n := <-got:
		assert.Equal(t, 100, n)
	case <-time.After(5 * time.Second):
		t.Fatal("nothing came")
	}
}

func TestSelection(t *testing.T) {
	t.Parallel()
	all := []conformance.Case{
		{ID: "F-M-01", Path: "flk/m-01", Tags: []string{"flk"}, Variants: conformance.EachFFD},
		{ID: "K-001", Path: "registration/form-1", Of: conformance.KKT},
		{ID: "O-001", Path: "a/one", Tags: []string{"smoke"}},
		{ID: "O-002", Path: "b/two", Level: conformance.Should},
	}
	for name, tc := range map[string]struct {
		s    conformance.Selection
		want []string
		err  string
	}{
		"everything":      {conformance.Selection{}, []string{"F-M-01", "K-001", "O-001", "O-002"}, ""},
		"a party":         {conformance.Selection{Of: conformance.OFD}, []string{"F-M-01", "O-001", "O-002"}, ""},
		"patterns":        {conformance.Selection{Patterns: []string{"O-001", "b/.*"}}, []string{"O-001", "O-002"}, ""},
		"all but":         {conformance.Selection{Skip: []string{"O-.*"}}, []string{"F-M-01", "K-001"}, ""},
		"tags":            {conformance.Selection{Tags: []string{"smoke", "flk"}}, []string{"F-M-01", "O-001"}, ""},
		"level":           {conformance.Selection{Level: conformance.Should}, []string{"O-002"}, ""},
		"ids":             {conformance.Selection{IDs: []string{"O-002"}}, []string{"O-002"}, ""},
		"version":         {conformance.Selection{FFD: 4, Patterns: []string{"F-.*"}}, []string{"F-M-01"}, ""},
		"unknown pattern": {conformance.Selection{Patterns: []string{"O-00"}}, nil, `"O-00" matches no case`},
		"unknown skip":    {conformance.Selection{Skip: []string{"O-00"}}, nil, `"O-00" matches no case`},
		"unknown tag":     {conformance.Selection{Tags: []string{"nothing"}}, nil, `tag "nothing"`},
		"other party":     {conformance.Selection{Of: conformance.KKT, Patterns: []string{"O-001"}}, nil, "matches no case"},
		"nothing left":    {conformance.Selection{Patterns: []string{"O-001"}, Level: conformance.Should}, nil, "nothing selected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tc.s.Choose(all)
			if tc.err != "" {
				assert.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			var ids []string
			for _, c := range got {
				ids = append(ids, c.ID)
			}
			assert.Equal(t, tc.want, ids)
			if tc.s.FFD != 0 {
				assert.Equal(t, []conformance.Variant{{FFD: 4}}, got[0].Variants)
			}
		})
	}
	assert.Len(t, all[0].Variants, 3, "the catalogue is not changed")
}

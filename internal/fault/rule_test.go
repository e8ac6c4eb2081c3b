package fault

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

func TestParse_Reads(t *testing.T) {
	t.Parallel()
	r, err := parse(Operator, " reply.truncate : nth=5 , for fn=9999* , doc=receipt/bso/service, keep=-3, then=reset ")
	require.NoError(t, err)
	assert.Equal(t, ReplyTruncate, r.point)
	assert.Equal(t, trigger{when: whenNth, n: 5, fns: []string{"9999*"}, docs: []fiscal.Form{fiscal.FormReceipt, fiscal.FormBSO, 0}}, r.trigger)
	assert.Equal(t, values{"keep": -3, "then": "reset"}, r.values)

	r, err = parse(Register, "clock.jump=fd=7,by=-40d")
	require.NoError(t, err, "a map in a settings file gives = after the name")
	assert.Equal(t, whenAlways, r.trigger.when, "a filter alone acts at every event it passes")
	assert.Equal(t, -40*24*time.Hour, r.values["by"])

	r, err = parse(Operator, "conn.reset:rate=0.25")
	require.NoError(t, err)
	assert.Equal(t, "stored", r.values["at"], "the first choice is the default")
	assert.Equal(t, "stored", r.trigger.at)
	assert.Equal(t, 20, r.values["keep"])
}

// Every refusal names what is wrong and why.
func TestParse_Refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ rule, want string }{
		"unknown point":      {"reply.dorp:next=1", `there is no point "reply.dorp" at the operator; there are accept.refuse, clock.jump, conn.half-close`},
		"empty":              {"", `there is no point ""`},
		"other side":         {"send.drop:next=1", "send.drop is a point of the register, not of the operator"},
		"no trigger":         {"reply.drop", "no trigger: want next=N"},
		"two triggers":       {"reply.drop:next=1,every=2", "every: another of next"},
		"twice":              {"reply.drop:next=1,next=2", "next: said twice"},
		"zero":               {"reply.drop:next=0", `next="0": want a whole number from 1`},
		"negative":           {"reply.drop:nth=-1", `nth="-1"`},
		"not a number":       {"reply.drop:every=often", `every="often"`},
		"rate 0":             {"reply.drop:rate=0", `rate="0": want a number above 0, at most 1`},
		"rate NaN":           {"reply.drop:rate=NaN", `rate="NaN"`},
		"rate above 1":       {"reply.drop:rate=1.1", `rate="1.1"`},
		"always with value":  {"reply.drop:always=1", "takes no value"},
		"unknown word":       {"reply.drop:next=1,size=3", "size: no such trigger or parameter of reply.drop; triggers are next, nth, every, rate, always, fn, fd, doc; parameters are then"},
		"no parameters":      {"store.fail:next=1,x=3", "it has no parameters"},
		"filter unknown yet": {"accept.refuse:next=1,fn=9999*", "fn: not known at the moment of this point, which is asked for each connection"},
		"doc at header":      {"read.stall:next=1,doc=receipt", "doc: not known"},
		"bad fn":             {"reply.drop:fn=99x", `fn="99x"`},
		"bad fd":             {"reply.drop:fd=0", `fd="0"`},
		"bad doc":            {"reply.drop:doc=cheque", `doc="cheque"`},
		"no value":           {"reply.delay:next=1,time", "time: has no value"},
		"bad duration":       {"reply.delay:next=1,time=5", "want a duration from 0s to 1h0m0s"},
		"long duration":      {"reply.delay:next=1,time=2h", "want a duration"},
		"bad choice":         {"reply.bad-crc:next=1,part=body", "want container, session"},
		"out of range":       {"reply.code:next=1,code=256", "want a whole number from 0 to 255"},
		"no change":          {"reply.wrong-fd:next=1,by=0", "by=0: changes nothing"},
		"no jump":            {"clock.jump:next=1,by=0s", "by=0: changes nothing"},
		"bad drive":          {"reply.foreign:next=1,drive=zz", "drive="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(Operator, 1).Add("reply.drop:always", c.rule)
			var e *RuleError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.rule, e.Rule)
			assert.ErrorContains(t, err, c.want)
			assert.True(t, strings.HasPrefix(err.Error(), "fault: rule "))
		})
	}
}

// Adding is all or nothing.
func TestSet_AddsAllOrNone(t *testing.T) {
	t.Parallel()
	s := New(Operator, 1)
	_, err := s.Add("reply.drop:always", "reply.nothing:always")
	require.Error(t, err)
	assert.Empty(t, s.Rules())
	assert.False(t, s.Armed(ReplyDrop))
}

// Every row has a text, working defaults, and parameters that cannot be taken for
// triggers; every side has its rows.
func TestTable_IsSound(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, side := range []Side{Operator, Register} {
		for _, i := range Points(side) {
			key := side.String() + i.Name
			assert.False(t, seen[key], "%s twice", key)
			seen[key] = true
			assert.NotEmpty(t, i.Text)
			assert.Equal(t, i.Name, i.Point.String())
			for _, p := range i.Params {
				assert.NotContains(t, triggerNames, p.Name)
				assert.NotEmpty(t, p.Text, "%s %s", i.Name, p.Name)
			}
			_, err := parse(side, i.Name+":always")
			assert.NoError(t, err, "defaults of %s", i.Name)
		}
	}
	assert.Len(t, seen, len(table))
}

// No text panics, and what is refused is refused with the package's error.
func FuzzParse(f *testing.F) {
	for _, i := range table {
		f.Add(i.Side == Operator, i.Name+":next=3,by=1,at=reply,for fn=9999*,doc=receipt/3")
	}
	f.Add(true, "reply.drop:rate=1e-300,,=,for =,fn=*")
	f.Fuzz(func(t *testing.T, operator bool, text string) {
		side := Register
		if operator {
			side = Operator
		}
		r, err := parse(side, text)
		var e *RuleError
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%T", err)
		}
		if err == nil {
			again, err := parse(side, r.text)
			if err != nil || again.point != r.point {
				t.Fatalf("%q: %v", r.text, err)
			}
		}
	})
}

func TestLoad_ReadsFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules")
	require.NoError(t, os.WriteFile(path, []byte("# outage\n\n  send.drop:next=2\r\nconn.reset:every=3"), 0o600))
	s, err := Load(Register, 9, []string{"dial.fail:next=1", "@" + path})
	require.NoError(t, err)
	var texts []string
	for _, r := range s.Rules() {
		texts = append(texts, r.Text)
	}
	assert.Equal(t, []string{"dial.fail:next=1", "send.drop:next=2", "conn.reset:every=3"}, texts)
	assert.EqualValues(t, 9, s.Seed())
	_, err = Load(Register, 9, []string{"@" + path + ".not"})
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = Load(Operator, 9, []string{"@" + path})
	assert.ErrorContains(t, err, "send.drop is a point of the register")
}

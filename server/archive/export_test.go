package archive_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/archive"
)

// OPR-003: a whole base goes out and in again byte for byte, from either engine into
// either.
func TestImport_RoundTrip(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		want := exported(t)
		to := e.fresh(t, true)
		counts, equal, err := archive.Import(t.Context(), to.open(t), bytes.NewReader(want), nil)
		require.NoError(t, err)
		assert.False(t, equal)
		assert.EqualValues(t, 4, counts.Drives)
		assert.EqualValues(t, 38, counts.Documents)
		assert.Positive(t, counts.Exchanges)
		assert.Positive(t, counts.Quarantine)
		assert.Positive(t, counts.Incidents)
		got := export(t, to.open(t))
		require.Equal(t, string(want), string(got))
		_, problems := verify(t, to.open(t), archive.VerifyOptions{})
		assert.Empty(t, problems)

		back := onSQLite(t, true)
		_, _, err = archive.Import(t.Context(), back.open(t), bytes.NewReader(got), nil)
		require.NoError(t, err)
		require.Equal(t, string(want), string(export(t, back.open(t))))
	})
}

// Into a base that has something nothing is written: it is compared.
func TestImport_ComparesWithWhatIsThere(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		all := exported(t)
		b := e.fresh(t, false).open(t)
		_, equal, err := archive.Import(t.Context(), b, bytes.NewReader(all), nil)
		require.NoError(t, err)
		assert.True(t, equal)
		for name, other := range map[string][]byte{
			"less": all[:len(all)-10],
			"more": append(bytes.Clone(all), '\n'),
			"else": bytes.Replace(all, []byte("tookNanoseconds"), []byte("tookNanosecondS"), 1),
			"none": nil,
		} {
			_, equal, err := archive.Import(t.Context(), b, bytes.NewReader(other), nil)
			require.ErrorIs(t, err, archive.ErrNotEmpty, name)
			var line *archive.LineError
			require.ErrorAs(t, err, &line, name)
			assert.Positive(t, line.Line)
			assert.False(t, equal)
		}
		assert.Equal(t, string(all), string(export(t, b)))
	})
}

// The envelope of section 5.2: one key names the kind, rawData holds the bytes with
// the message sign.
func TestExport_HasEnvelopes(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	for _, one := range strings.Split(strings.TrimSpace(string(exported(t))), "\n") {
		var l struct {
			Document map[string]struct {
				RawData           []byte      `json:"rawData"`
				MessageFiscalSign json.Number `json:"messageFiscalSign"`
				FN                string      `json:"fiscalDriveNumber"`
				FD                int64       `json:"fiscalDocumentNumber"`
			} `json:"document"`
			Meta struct {
				FN      string `json:"fiscalDriveNumber"`
				FD      int64  `json:"fiscalDocumentNumber"`
				Message string `json:"message"`
			} `json:"meta"`
		}
		require.NoError(t, json.Unmarshal([]byte(one), &l))
		for kind, d := range l.Document {
			kinds[kind]++
			assert.Equal(t, l.Meta.FN, d.FN)
			assert.Equal(t, l.Meta.FD, d.FD)
			message, err := base64.StdEncoding.DecodeString(l.Meta.Message)
			require.NoError(t, err)
			if d.MessageFiscalSign != "" { // not encrypted
				assert.Contains(t, string(message), string(d.RawData))
			}
		}
	}
	assert.Equal(t, map[string]int{"fiscalReport": 4, "openShift": 4, "receipt": 30}, kinds)
}

// Bad input is told with line, field and reason, and leaves nothing behind.
func TestImport_RefusesBadInput(t *testing.T) {
	t.Parallel()
	all := exported(t)
	lines := bytes.SplitAfter(all, []byte("\n"))
	lines = lines[:len(lines)-1]
	first := 0 // document
	for !bytes.HasPrefix(lines[first], []byte(`{"document"`)) {
		first++
	}
	change := func(n int, pattern, by string) func() [][]byte {
		return func() [][]byte {
			out := append([][]byte{}, lines...)
			out[n] = regexp.MustCompile(pattern).ReplaceAll(out[n], []byte(by))
			require.NotEqual(t, lines[n], out[n], pattern)
			return out
		}
	}
	for name, c := range map[string]struct {
		input func() [][]byte
		line  int64
		field string
		text  string
	}{
		"empty":             {func() [][]byte { return nil }, 1, "", "breaks off"},
		"not JSON":          {change(first, `^\{`, `[`), int64(first + 1), "", "not JSON"},
		"not an object":     {func() [][]byte { return [][]byte{[]byte("7\n")} }, 1, "", "where archive.line is wanted"},
		"no head":           {func() [][]byte { return lines[1:] }, 1, "base", "first line"},
		"newer format":      {change(0, `"version":1`, `"version":2`), 1, "base", "not an export that this program can read"},
		"unknown field":     {change(1, `"user"`, `"uzer"`), 2, "uzer", "no such field"},
		"wrong type":        {change(first, `"totalSum":(\d+),"fiscalSign":(\d+),"signPolicy"`, `"totalSum":"7","fiscalSign":1,"signPolicy"`), int64(first + 1), "meta.totalSum", "string where int64"},
		"wrong time":        {change(first, `"receivedAt":"2026`, `"receivedAt":"26`), int64(first + 1), "meta.receivedAt", "where time.Time"},
		"wrong hash":        {change(first, `"link":"..`, `"link":"zz`), int64(first + 1), "meta.link", "wanted"},
		"value changed":     {change(first, `"peer":"`, `"peer":"1`), int64(first + 1), "meta", "the record is not what its link says"},
		"message changed":   {change(first, `"message":"....`, `"message":"AAAA`), int64(first + 1), "meta.message", "the message is not"},
		"rawData changed":   {change(first, `"rawData":"....`, `"rawData":"AAAA`), int64(first + 1), "document.fiscalReport.rawData", "not the document"},
		"document lost":     {func() [][]byte { return append(append([][]byte{}, lines[:first+1]...), lines[first+2:]...) }, int64(first + 2), "meta.chainSeq", "goes on at place 2, this is 3"},
		"documents swapped": {func() [][]byte { return swap(lines, first, first+1) }, int64(first + 1), "meta.chainSeq", "place 1, this is 2"},
		"drive lost":        {func() [][]byte { return append(append([][]byte{}, lines[:1]...), lines[2:]...) }, int64(first), "meta.fiscalDriveNumber", "no such drive"},
		"drive twice":       {func() [][]byte { return append(append([][]byte{}, lines[:2]...), lines[1:]...) }, 3, "drive.fiscalDriveNumber", "before"},
		"wrong place":       {func() [][]byte { return swap(lines, first-1, first) }, int64(first + 1), "", "wrong place"},
		"drive changed":     {change(1, `"user":"`, `"user":"x`), int64(len(lines)), "end.sha256", "something was changed"},
		"event lost":        {func() [][]byte { return append(append([][]byte{}, lines[:len(lines)-2]...), lines[len(lines)-1]) }, int64(len(lines) - 1), "end", "counts other rows"},
		"breaks off":        {func() [][]byte { return lines[:len(lines)-1] }, int64(len(lines)), "", "breaks off"},
		"half a line":       {func() [][]byte { return append(append([][]byte{}, lines[:first]...), lines[first][:100]) }, int64(first + 1), "", "breaks off"},
		"behind the end":    {func() [][]byte { return append(append([][]byte{}, lines...), []byte("{}\n")) }, int64(len(lines) + 1), "", "behind the end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b archive.Base = nothing{}
			if c.line == int64(len(lines)) { // found out when all rows were written
				b = onSQLite(t, true).open(t)
			}
			_, _, err := archive.Import(t.Context(), b, bytes.NewReader(bytes.Join(c.input(), nil)), nil)
			var wrong *archive.LineError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, c.line, wrong.Line, err)
			assert.Equal(t, c.field, wrong.Field, err)
			assert.Contains(t, wrong.Reason, c.text)
			assert.NotContains(t, err.Error(), "Ромашка", "no value out of the line")
			v, problems := verify(t, b, archive.VerifyOptions{})
			assert.Empty(t, problems)
			assert.Zero(t, v.Drives, "nothing is left of it")
		})
	}
}

func swap(lines [][]byte, a, b int) [][]byte {
	out := append([][]byte{}, lines...)
	out[a], out[b] = out[b], out[a]
	return out
}

// Whatever is changed in an export, nothing of it gets in.
func FuzzImport(f *testing.F) {
	f.Add([]byte(`{"base":{"format":"fiscalbench base","version":1}}` + "\n" + `{"drive":{"id":1,"fiscalDriveNumber":"1"}}` + "\n"))
	f.Add([]byte(`{"document":null,"meta":{}}`))
	f.Add([]byte(`{"exchange":{"text":{"base64":"/w=="}}}`))
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) > 1<<16 {
			return
		}
		_, _, err := archive.Import(t.Context(), nothing{}, bytes.NewReader(input), nil)
		if err != nil {
			var wrong *archive.LineError
			require.ErrorAs(t, err, &wrong)
		}
	})
}

package api_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/api"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var arrival = time.Date(2026, 3, 1, 9, 30, 0, 5000, time.UTC)

// The documents of the test store.
const (
	vectorFN  = fiscal.FNNumber("9999078900005488") // of the protocol vectors
	privateFN = fiscal.FNNumber("9999078900000007")

	reportFD    = 1 // of vectorFN: captured report
	receiptFD   = 77
	encryptedFD = 78
	blindFD     = 79 // content not seen
	brokenFD    = 80
	privateFD   = 1 // of privateFN: a receipt with every personal requisite
)

// Values of the personal requisites.
var personal = []string{"+79161234567", "Иванов Иван Иванович", "500100732259", "01.02.1983", "643", "4510 123456", "Кассирова А.А.", "Тверская"}

func openStore(t *testing.T) store.Store {
	s, err := sqlite.Open(filepath.Join(t.TempDir(), "bench.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// filled is a store with captured, constructed and archived documents.
func filled(t *testing.T) store.Store {
	s := openStore(t)
	v := fiscaltest.Protocol()
	message := func(id string) []byte { return v.Message(id).Hex.Bytes() }
	capture := v.Capture("cap-01").Hex.Bytes()
	receipt, ack := v.Message("tb-receipt"), v.Message("tb-confirmation")
	broken := receipt.STLV()
	broken[tlv.HeaderLen+3] = 0xFF // the first field runs past the end
	for i, d := range []store.Document{
		read(t, capture, capture[wire.HeaderLen+wire.ContainerHeaderLen:], nil),
		{FN: vectorFN, FD: receiptFD, Message: message("tb-receipt"), STLV: receipt.STLV(), Confirmation: ack.Body()},
		{FN: vectorFN, FD: encryptedFD, Message: message("tb-receipt-encrypted"), STLV: receipt.STLV(),
			Confirmation: v.Message("tb-confirmation-encrypted").Body(), Findings: []flk.Finding{
				{Rule: "M-03", Severity: flk.Error, Path: []tlv.Tag{ffd.TagItem, ffd.TagItemSum}, Offset: 90, Code: 507, Text: "сумма не сходится"}}, Fault: fiscal.FLKFailed},
		{FN: vectorFN, FD: blindFD, Message: message("tb-receipt-encrypted"), Fault: fiscal.EncryptedUnreadable},
		{FN: vectorFN, FD: brokenFD, Message: message("tb-receipt"), STLV: broken, Fault: fiscal.UnparseableDocument},
	} {
		put(t, s, complete(t, d, i), int64(i+1))
	}
	stlv := privateReceipt(t)
	put(t, s, complete(t, store.Document{FN: privateFN, FD: privateFD, Message: append(make([]byte, wire.HeaderLen+wire.ContainerHeaderLen), stlv...), STLV: stlv}, 9), 1)
	require.NoError(t, s.Quarantine(t.Context(), store.Quarantined{At: arrival, FN: vectorFN, FD: 99, Fault: fiscal.BadMessageSign, Detail: "ФПС не сошёлся", Message: []byte{1, 2}}))
	require.NoError(t, s.LogExchange(t.Context(), store.Exchange{At: arrival, Took: 1500 * time.Microsecond, Peer: "127.0.0.1:5", FN: vectorFN,
		Detail: "служебный режим", Request: []byte{0x2A, 0x08}, Response: []byte{0x2A}}))
	require.NoError(t, s.AddIncident(t.Context(), store.Incident{Text: "без времени и номера"}))
	return s
}

// read takes FN and FD from the document itself.
func read(t *testing.T, message, payload, confirmation []byte) store.Document {
	stlv, _, err := wire.SplitPayload(payload)
	require.NoError(t, err)
	d, err := ffd.Decode(stlv)
	require.NoError(t, err)
	return store.Document{FN: d.FNNumber(), FD: d.FDNumber(), Message: message, STLV: stlv, Confirmation: confirmation}
}

// complete fills in what the intake takes from the document.
func complete(t *testing.T, d store.Document, minute int) store.Document {
	d.ReceivedAt, d.Policy, d.FPS, d.FPDCheck = arrival.Add(time.Duration(minute)*time.Minute), "tb-gost-1", "ok", "ok"
	if len(d.STLV) == 0 {
		return d
	}
	doc, err := ffd.Decode(d.STLV)
	if err != nil && d.Fault == fiscal.FaultNone {
		require.NoError(t, err)
	}
	d.Form, d.FFD, d.RegID, d.UserINN = doc.Form, doc.FFD(), fiscal.RegNumber(doc.Text(ffd.TagKKTRegID)), fiscal.INN(doc.Text(ffd.TagUserINN))
	d.DateTime, d.Shift, d.FPD = doc.DateTime(), uint32(doc.Uint(ffd.TagShiftNumber)), doc.FPD()
	if doc.Form.IsReceipt() {
		d.Number, d.Operation, d.Total = uint32(doc.Uint(ffd.TagRequestNumber)), fiscal.OperationType(doc.Uint(ffd.TagOperationType)), doc.Sum(ffd.TagTotalSum)
	}
	return d
}

func put(t *testing.T, s store.Store, d store.Document, version int64) {
	require.NoError(t, s.Accept(context.Background(), store.Acceptance{
		Document: d,
		Drive: store.Drive{FN: d.FN, Version: version, RegID: d.RegID, UserINN: d.UserINN, User: "ООО «Ромашка»", Status: store.DriveActive, LastFD: d.FD,
			LastAt: d.ReceivedAt, Documents: version, Policy: d.Policy, Gaps: []store.Gap{{From: 3, To: 76, Since: arrival}}},
		Exchange: store.Exchange{Took: 2 * time.Millisecond, Peer: "127.0.0.1:4"},
	}))
}

func privateReceipt(t *testing.T) []byte {
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormReceipt), func(b *tlv.Builder) {
		b.FixedText(ffd.TagFNNumber, string(privateFN), 16)
		b.Uint32(ffd.TagFDNumber, privateFD)
		b.Byte(ffd.TagFFDVersion, byte(fiscal.FFD12))
		b.Time(ffd.TagDateTime, arrival)
		b.VLN(ffd.TagTotalSum, 12300)
		b.Text(ffd.TagBuyerPhoneOrAddress, personal[0])
		b.Text(ffd.TagCashier, personal[6])
		b.STLV(ffd.TagBuyerInformation, func(b *tlv.Builder) {
			b.Text(ffd.TagBuyer, personal[1])
			b.FixedText(ffd.TagBuyerINN, personal[2], 12)
			b.Text(ffd.TagBuyerBirthday, personal[3])
			b.Text(ffd.TagBuyerCitizenship, personal[4])
			b.Text(ffd.TagBuyerDocumentCode, "21")
			b.Text(ffd.TagBuyerDocumentData, personal[5])
			b.Text(ffd.TagBuyerAddress, personal[7])
		})
	})
	stlv, err := b.Bytes()
	require.NoError(t, err)
	return stlv
}

// get asks for a path and returns status and body.
func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"), path)
	return w.Code, w.Body.String()
}

// object asks for a path that must be there.
func object(t *testing.T, h http.Handler, path string) map[string]any {
	t.Helper()
	status, body := get(t, h, path)
	require.Equal(t, http.StatusOK, status, "%s: %s", path, body)
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &v))
	return v
}

func items(t *testing.T, h http.Handler, path string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, one := range object(t, h, path)["items"].([]any) {
		all = append(all, one.(map[string]any))
	}
	return all
}

func documentPath(fn fiscal.FNNumber, fd int) string {
	return fmt.Sprintf("/bench/v1/drives/%s/documents/%d", fn, fd)
}

func TestAPI_ShowsDocument(t *testing.T) {
	t.Parallel()
	h := api.New(filled(t), api.Options{})
	v := fiscaltest.Protocol().Message("tb-receipt")
	d := object(t, h, documentPath(vectorFN, receiptFD))
	assert.Equal(t, "receipt", d["kind"])
	assert.Equal(t, "кассовый чек", d["name"])
	assert.EqualValues(t, 3, d["code"])
	assert.Equal(t, v.Hex.String(), d["message"])
	assert.Equal(t, hex.EncodeToString(fiscaltest.Protocol().Message("tb-confirmation").Body()), d["confirmation"])
	assert.Equal(t, "ok", d["messageSignVerdict"])
	assert.Equal(t, true, d["confirmed"])
	assert.Equal(t, "2026-03-01T09:31:00.000005Z", d["receivedAt"])
	assert.Nil(t, d["fault"])

	doc, err := ffd.Decode(v.STLV())
	require.NoError(t, err)
	assert.Equal(t, doc.DateTime().Format("2006-01-02T15:04:05"), d["dateTime"])
	assert.EqualValues(t, doc.Sum(ffd.TagTotalSum), d["totalSum"])
	assert.EqualValues(t, doc.FPD(), d["fiscalSign"])
	assert.Equal(t, ffd.QRText(doc), d["qr"])
	assert.Contains(t, d["printed"], "КАССОВЫЙ ЧЕК\n")
	assert.Contains(t, d["printed"], doc.Sum(ffd.TagTotalSum).String())
	receipt := d["document"].(map[string]any)["receipt"].(map[string]any)
	assert.EqualValues(t, receiptFD, receipt["fiscalDocumentNumber"])
	assert.EqualValues(t, doc.Sum(ffd.TagTotalSum), receipt["totalSum"])
	assert.NotEmpty(t, receipt["items"])
	assert.NotZero(t, receipt["messageFiscalSign"])

	// Offsets point at the fields: what stands there is the tag.
	root := d["tags"].([]any)[0].(map[string]any)
	assert.EqualValues(t, 3, root["tag"])
	require.Len(t, root["children"], len(doc.Fields))
	for i, one := range root["children"].([]any) {
		n := one.(map[string]any)
		assert.EqualValues(t, doc.Fields[i].Tag, n["tag"])
		assert.EqualValues(t, doc.Fields[i].Offset, n["offset"])
	}
}

func TestAPI_ShowsWhatIsSeenOfDocument(t *testing.T) {
	t.Parallel()
	h := api.New(filled(t), api.Options{})
	encrypted := object(t, h, documentPath(vectorFN, encryptedFD))
	assert.Contains(t, encrypted["document"], "receipt", "decrypted by the operator")
	assert.Equal(t, map[string]any{"id": "E-18", "name": "flk_failed"}, encrypted["fault"])
	assert.Equal(t, []any{map[string]any{"rule": "M-03", "severity": "error", "path": []any{1059.0, 1043.0}, "offset": 90.0, "code": 507.0, "text": "сумма не сходится"}},
		encrypted["findings"])

	blind := object(t, h, documentPath(vectorFN, blindFD))
	for _, member := range []string{"document", "tags", "qr", "printed", "confirmation", "dateTime"} {
		assert.Nil(t, blind[member], member)
	}
	assert.NotEmpty(t, blind["message"])
	assert.Equal(t, []any{}, blind["findings"])

	broken := object(t, h, documentPath(vectorFN, brokenFD))
	assert.Contains(t, broken["problem"], "offset 4")
	assert.Contains(t, broken["document"], "receipt", "as far as it goes")
	assert.NotEmpty(t, broken["tags"])

	report := object(t, h, documentPath(vectorFN, reportFD))
	assert.Contains(t, report["document"], "fiscalReportCorrection")
	assert.Nil(t, report["qr"])
}

// Every archived document of a real register can be shown.
func TestAPI_ShowsRealDocuments(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	h := api.New(s, api.Options{ShowPersonal: true})
	version := map[fiscal.FNNumber]int64{}
	for _, r := range fiscaltest.RawReceipts() {
		container := r.Container()
		message, err := wire.AppendMessage(nil, wire.Request("1", fiscal.FFD105), container)
		require.NoError(t, err)
		d := complete(t, read(t, message, container[wire.ContainerHeaderLen:], nil), 0)
		version[d.FN]++
		if _, err := s.Document(t.Context(), d.FN, d.FD); err == nil {
			continue
		}
		put(t, s, d, version[d.FN])
		shown := object(t, h, documentPath(d.FN, int(d.FD)))
		inner := shown["document"].(map[string]any)[d.Form.JSONName()].(map[string]any)
		assert.EqualValues(t, d.FD, inner["fiscalDocumentNumber"], r.Name)
		assert.NotEmpty(t, inner["rawData"], r.Name)
		assert.Empty(t, shown["problem"], r.Name)
		assert.Contains(t, shown["printed"], d.FPD.Paper(), r.Name)
	}
	assert.NotEmpty(t, version)
}

func TestAPI_HidesPersonalData(t *testing.T) {
	t.Parallel()
	s := filled(t)
	stlv := hex.EncodeToString(privateReceipt(t))
	cp866 := make([]string, len(personal))
	for i, p := range personal {
		b, err := tlv.AppendText(nil, p)
		require.NoError(t, err)
		cp866[i] = hex.EncodeToString(b)
	}
	for _, c := range []struct {
		name          string
		options       api.Options
		values, bytes bool
	}{
		{"default", api.Options{}, false, true},
		{"raw hidden", api.Options{HideRaw: true}, false, false},
		{"all shown", api.Options{ShowPersonal: true}, true, true},
		{"decoded only", api.Options{ShowPersonal: true, HideRaw: true}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := api.New(s, c.options)
			_, body := get(t, h, documentPath(privateFN, privateFD))
			for _, p := range personal {
				assert.Equal(t, c.values, contains(body, p), p)
			}
			d := object(t, h, documentPath(privateFN, privateFD))
			if c.bytes {
				assert.Contains(t, d["message"], stlv)
			} else {
				assert.Nil(t, d["message"])
				assert.Nil(t, d["confirmation"])
			}
			delete(d, "message")
			rest, err := json.Marshal(d)
			require.NoError(t, err)
			for _, p := range cp866 {
				assert.Equal(t, c.values, contains(string(rest), p), "bytes of a field")
			}
			assert.Equal(t, c.values && c.bytes, contains(string(rest), "rawData"))
			for _, path := range []string{"/bench/v1/exchanges", "/bench/v1/quarantine"} {
				for _, e := range items(t, h, path) {
					for _, member := range []string{"request", "response", "message"} {
						if !c.bytes {
							assert.Nil(t, e[member], path)
						}
					}
				}
			}
		})
	}
}

package archive

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// Format of an export; docs/schema.md tells what its lines hold.
const (
	exportFormat  = "fiscalbench base"
	exportVersion = 1
)

// A line of an export has one of these; a document has its meta beside it. Names are
// the tax service's where it has one, else those of the API.
type line struct {
	Base       *baseJSON       `json:"base,omitempty"`
	Drive      *driveJSON      `json:"drive,omitempty"`
	Protocol   *entryJSON      `json:"protocol,omitempty"`
	Document   json.RawMessage `json:"document,omitempty"`
	Meta       *metaJSON       `json:"meta,omitempty"`
	Exchange   *eventJSON      `json:"exchange,omitempty"`
	Quarantine *eventJSON      `json:"quarantine,omitempty"`
	Incident   *eventJSON      `json:"incident,omitempty"`
	End        *endJSON        `json:"end,omitempty"`
}

type baseJSON struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

type endJSON struct {
	Counts
	SHA256 hexadecimal `json:"sha256"` // of all lines before, with their ends
}

// Counts are the rows of an export.
type Counts struct {
	Drives     int64 `json:"drives"`
	Protocol   int64 `json:"protocol"`
	Documents  int64 `json:"documents"`
	Exchanges  int64 `json:"exchanges"`
	Quarantine int64 `json:"quarantine"`
	Incidents  int64 `json:"incidents"`
}

type driveJSON struct {
	ID            int64           `json:"id"`
	FN            plainText       `json:"fiscalDriveNumber"`
	Version       int64           `json:"version"`
	RegID         plainText       `json:"kktRegId"`
	UserINN       plainText       `json:"userInn"`
	User          plainText       `json:"user"`
	KKTNumber     plainText       `json:"kktNumber"`
	Address       plainText       `json:"retailPlaceAddress"`
	FFD           int64           `json:"fiscalDocumentFormatVer"`
	Status        plainText       `json:"status"`
	LastFD        int64           `json:"lastDocumentNumber"`
	LastAt        *instant        `json:"lastReceivedAt,omitempty"`
	Documents     int64           `json:"documents"`
	Policy        plainText       `json:"signPolicy"`
	GapCount      int64           `json:"gapCount"`
	Gaps          *rawText        `json:"gaps,omitempty"`
	Stored        int64           `json:"stored"`
	Confirmed     int64           `json:"confirmed"`
	Findings      int64           `json:"findings"`
	History       []byte          `json:"history,omitempty"`
	ChainLength   int64           `json:"chainLength"`
	ChainHead     hexadecimal     `json:"chainHead,omitempty"`
	Registrations []registrations `json:"registrations,omitempty"`
}

type registrations struct {
	RegID   plainText `json:"kktRegId"`
	UserINN plainText `json:"userInn"`
}

type metaJSON struct {
	ID           int64       `json:"id"`
	FN           plainText   `json:"fiscalDriveNumber"`
	FD           int64       `json:"fiscalDocumentNumber"`
	Form         int64       `json:"code"`
	FFD          int64       `json:"fiscalDocumentFormatVer"`
	RegID        plainText   `json:"kktRegId"`
	UserINN      plainText   `json:"userInn"`
	DateTime     *int64      `json:"dateTime,omitempty"`
	ReceivedAt   *instant    `json:"receivedAt,omitempty"`
	Shift        int64       `json:"shiftNumber"`
	Number       int64       `json:"requestNumber"`
	Operation    int64       `json:"operationType"`
	Total        int64       `json:"totalSum"`
	FPD          int64       `json:"fiscalSign"`
	Policy       plainText   `json:"signPolicy"`
	FPS          plainText   `json:"messageSignVerdict"`
	FPDCheck     plainText   `json:"fiscalSignVerdict"`
	Fault        *plainText  `json:"fault,omitempty"`
	ExchangeAt   *instant    `json:"exchangeAt,omitempty"`
	Took         int64       `json:"tookNanoseconds"`
	Peer         plainText   `json:"peer"`
	Detail       plainText   `json:"detail"`
	Findings     *rawText    `json:"findings,omitempty"`
	PlainAt      *int64      `json:"plainAt,omitempty"`
	PlainLength  *int64      `json:"plainLength,omitempty"`
	Plain        []byte      `json:"plain,omitempty"`
	Message      []byte      `json:"message,omitempty"`
	Confirmation []byte      `json:"confirmation,omitempty"`
	Request      []byte      `json:"request,omitempty"`
	Response     []byte      `json:"response,omitempty"`
	ResponseHead []byte      `json:"responseHead,omitempty"`
	Seq          int64       `json:"chainSeq"`
	Link         hexadecimal `json:"link"`
}

type eventJSON struct {
	ID       int64      `json:"id"`
	At       *instant   `json:"at,omitempty"`
	FN       plainText  `json:"fiscalDriveNumber"`
	FD       int64      `json:"fiscalDocumentNumber"`
	Fault    *plainText `json:"fault,omitempty"`
	Text     plainText  `json:"text"`
	Took     int64      `json:"tookNanoseconds,omitempty"`
	Peer     plainText  `json:"peer,omitempty"`
	Bytes    []byte     `json:"bytes,omitempty"`
	Response []byte     `json:"response,omitempty"`
}

type entryJSON struct {
	ID        int64       `json:"id"`
	At        instant     `json:"at"`
	Who       plainText   `json:"who"`
	Kind      plainText   `json:"kind"`
	What      plainText   `json:"what"`
	FN        plainText   `json:"fiscalDriveNumber"`
	Before    *instant    `json:"before,omitempty"`
	First     int64       `json:"first"`
	Last      int64       `json:"last"`
	FirstFD   int64       `json:"firstDocumentNumber"`
	LastFD    int64       `json:"lastDocumentNumber"`
	Rows      int64       `json:"rows"`
	Confirmed int64       `json:"confirmed"`
	Findings  int64       `json:"findings"`
	Head      hexadecimal `json:"head,omitempty"`
	Hash      hexadecimal `json:"hash"`
}

// plainText is a string, or {"base64":"…"} when it is not UTF-8.
type plainText string

func (s plainText) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(s)) {
		return json.Marshal(string(s))
	}
	return json.Marshal(map[string][]byte{"base64": []byte(s)})
}

func (s *plainText) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, (*string)(s))
	}
	var o map[string][]byte
	if err := json.Unmarshal(b, &o); err != nil || len(o) != 1 || o["base64"] == nil {
		return wrongType("something", reflect.TypeFor[string]())
	}
	*s = plainText(o["base64"])
	return nil
}

// wrongType is the error to which the decoder adds the name of the field.
func wrongType(got string, want reflect.Type) error {
	return &json.UnmarshalTypeError{Value: got, Type: want}
}

// rawText is JSON kept as text: written as it is when it would come back the same,
// else as a string.
type rawText string

func (s rawText) MarshalJSON() ([]byte, error) {
	if len(s) > 0 && s[0] == '[' && json.Valid([]byte(s)) {
		var same bytes.Buffer
		if err := json.Compact(&same, []byte(s)); err == nil && same.String() == string(s) {
			same.Reset()
			json.HTMLEscape(&same, []byte(s))
			if same.String() == string(s) {
				return []byte(s), nil
			}
		}
	}
	return plainText(s).MarshalJSON()
}

func (s *rawText) UnmarshalJSON(b []byte) error {
	if b[0] == '[' {
		*s = rawText(b)
		return nil
	}
	return (*plainText)(s).UnmarshalJSON(b)
}

// instant is a moment in nanoseconds, written as RFC 3339 in UTC.
type instant int64

func (i instant) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Unix(0, int64(i)).UTC().Format(time.RFC3339Nano))
}

func (i *instant) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return wrongType("something", reflect.TypeFor[time.Time]())
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.UTC() != time.Unix(0, t.UnixNano()).UTC() {
		return wrongType("string", reflect.TypeFor[time.Time]())
	}
	*i = instant(t.UnixNano())
	return nil
}

type hexadecimal []byte

func (h hexadecimal) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(h)) }

func (h *hexadecimal) UnmarshalJSON(b []byte) error {
	var s string
	err := json.Unmarshal(b, &s)
	if err == nil {
		*h, err = hex.DecodeString(s)
	}
	if err != nil {
		return wrongType("something", reflect.TypeFor[[]byte]())
	}
	return nil
}

// known turns a nullable column into a member that may be absent, unknown back.
func known[T ~int64](n sql.NullInt64) *T {
	if !n.Valid {
		return nil
	}
	v := T(n.Int64)
	return &v
}

func unknown[T ~int64](n *T) sql.NullInt64 {
	if n == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: int64(*n), Valid: true}
}

func knownText[T ~string](s sql.NullString) *T {
	if !s.Valid {
		return nil
	}
	v := T(s.String)
	return &v
}

func unknownText[T ~string](s *T) sql.NullString {
	if s == nil {
		return sql.NullString{}
	}
	return sql.NullString{String: string(*s), Valid: true}
}

func showDrive(d *Drive) *driveJSON {
	j := &driveJSON{ID: d.ID, FN: plainText(d.FN), Version: d.Version, RegID: plainText(d.RegID), UserINN: plainText(d.UserINN), User: plainText(d.User),
		KKTNumber: plainText(d.KKTNumber), Address: plainText(d.Address), FFD: d.FFD, Status: plainText(d.Status), LastFD: d.LastFD, LastAt: known[instant](d.LastAt),
		Documents: d.Documents, Policy: plainText(d.Policy), GapCount: d.GapCount, Gaps: knownText[rawText](d.Gaps), Stored: d.Stored, Confirmed: d.Confirmed,
		Findings: d.Findings, History: d.History, ChainLength: d.ChainLength, ChainHead: d.ChainHead}
	for _, r := range d.Registrations {
		j.Registrations = append(j.Registrations, registrations{plainText(r.RegID), plainText(r.UserINN)})
	}
	return j
}

func (j *driveJSON) drive() *Drive {
	d := &Drive{ID: j.ID, FN: string(j.FN), Version: j.Version, RegID: string(j.RegID), UserINN: string(j.UserINN), User: string(j.User),
		KKTNumber: string(j.KKTNumber), Address: string(j.Address), FFD: j.FFD, Status: string(j.Status), LastFD: j.LastFD, LastAt: unknown(j.LastAt),
		Documents: j.Documents, Policy: string(j.Policy), GapCount: j.GapCount, Gaps: unknownText(j.Gaps), Stored: j.Stored, Confirmed: j.Confirmed,
		Findings: j.Findings, History: j.History, ChainLength: j.ChainLength, ChainHead: j.ChainHead}
	for _, r := range j.Registrations {
		d.Registrations = append(d.Registrations, Registration{string(r.RegID), string(r.UserINN)})
	}
	return d
}

func showRow(r *chain.Row) *metaJSON {
	return &metaJSON{ID: r.ID, FN: plainText(r.FN), FD: r.FD, Form: r.Form, FFD: r.FFD, RegID: plainText(r.RegID), UserINN: plainText(r.UserINN),
		DateTime: known[int64](r.DateTime), ReceivedAt: known[instant](r.ReceivedAt), Shift: r.Shift, Number: r.Number, Operation: r.Operation, Total: r.Total, FPD: r.FPD,
		Policy: plainText(r.Policy), FPS: plainText(r.FPS), FPDCheck: plainText(r.FPDCheck), Fault: knownText[plainText](r.Fault), ExchangeAt: known[instant](r.ExchangeAt),
		Took: r.Took, Peer: plainText(r.Peer), Detail: plainText(r.Detail), Findings: knownText[rawText](r.Findings), PlainAt: known[int64](r.STLVAt),
		PlainLength: known[int64](r.STLVLen), Plain: r.STLV, Message: r.Message, Confirmation: r.Confirmation, Request: r.Request, Response: r.Response,
		ResponseHead: r.ResponseHead, Seq: r.Seq, Link: r.Link}
}

func (j *metaJSON) row() *chain.Row {
	return &chain.Row{ID: j.ID, FN: string(j.FN), FD: j.FD, Form: j.Form, FFD: j.FFD, RegID: string(j.RegID), UserINN: string(j.UserINN),
		DateTime: unknown(j.DateTime), ReceivedAt: unknown(j.ReceivedAt), Shift: j.Shift, Number: j.Number, Operation: j.Operation, Total: j.Total, FPD: j.FPD,
		Policy: string(j.Policy), FPS: string(j.FPS), FPDCheck: string(j.FPDCheck), Fault: unknownText(j.Fault), ExchangeAt: unknown(j.ExchangeAt),
		Took: j.Took, Peer: string(j.Peer), Detail: string(j.Detail), Findings: unknownText(j.Findings), STLVAt: unknown(j.PlainAt),
		STLVLen: unknown(j.PlainLength), STLV: j.Plain, Message: j.Message, Confirmation: j.Confirmation, Request: j.Request, Response: j.Response,
		ResponseHead: j.ResponseHead, Seq: j.Seq, Link: j.Link}
}

func showEvent(e *Event) *eventJSON {
	return &eventJSON{ID: e.ID, At: known[instant](e.At), FN: plainText(e.FN), FD: e.FD, Fault: knownText[plainText](e.Fault), Text: plainText(e.Text),
		Took: e.Took, Peer: plainText(e.Peer), Bytes: e.Bytes, Response: e.Response}
}

func (j *eventJSON) event() *Event {
	return &Event{ID: j.ID, At: unknown(j.At), FN: string(j.FN), FD: j.FD, Fault: unknownText(j.Fault), Text: string(j.Text),
		Took: j.Took, Peer: string(j.Peer), Bytes: j.Bytes, Response: j.Response}
}

func showEntry(e *chain.Entry) *entryJSON {
	return &entryJSON{ID: e.ID, At: instant(e.At), Who: plainText(e.Who), Kind: plainText(e.Kind), What: plainText(e.What), FN: plainText(e.FN),
		Before: known[instant](e.Before), First: e.First, Last: e.Last, FirstFD: e.FirstFD, LastFD: e.LastFD, Rows: e.Rows, Confirmed: e.Confirmed,
		Findings: e.Findings, Head: e.Head, Hash: e.Hash}
}

func (j *entryJSON) entry() *chain.Entry {
	return &chain.Entry{ID: j.ID, At: int64(j.At), Who: string(j.Who), Kind: string(j.Kind), What: string(j.What), FN: string(j.FN),
		Before: unknown(j.Before), First: j.First, Last: j.Last, FirstFD: j.FirstFD, LastFD: j.LastFD, Rows: j.Rows, Confirmed: j.Confirmed,
		Findings: j.Findings, Head: j.Head, Hash: j.Hash}
}

package target

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// inspect asks a server's read-only JSON API.
type inspect struct {
	base string // "http://host:port"
	do   func(*http.Request) (*http.Response, error)
}

const apiPrefix = "/bench/v1"

// get reads one resource; found is false when the server does not have it.
func (i *inspect) get(ctx context.Context, path string, into any) (found bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, i.base+apiPrefix+path, nil)
	if err != nil {
		return false, err
	}
	reply, err := i.do(request)
	if err != nil {
		return false, err
	}
	defer reply.Body.Close()
	switch reply.StatusCode {
	case http.StatusNotFound:
		return false, nil
	case http.StatusOK:
	default:
		return false, fmt.Errorf("target: %s answers %s", request.URL, reply.Status)
	}
	d := json.NewDecoder(reply.Body)
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return false, fmt.Errorf("target: reading %s: %w", request.URL, err)
	}
	return true, nil
}

// Documents counts the accepted documents of a drive.
func (i *inspect) Documents(ctx context.Context, fn string) (int, error) {
	d, err := i.Drive(ctx, fn)
	return d.Documents, err
}

// Drive shows a drive.
func (i *inspect) Drive(ctx context.Context, fn string) (conformance.Drive, error) {
	var v struct {
		FN        string `json:"fiscalDriveNumber"`
		Status    string `json:"status"`
		RegID     string `json:"kktRegId"`
		UserINN   string `json:"userInn"`
		User      string `json:"user"`
		KKTNumber string `json:"kktNumber"`
		Address   string `json:"retailPlaceAddress"`
		FFD       byte   `json:"fiscalDocumentFormatVer"`
		LastFD    uint32 `json:"lastFiscalDocumentNumber"`
		Documents int    `json:"documents"`
		Policy    string `json:"signPolicy"`
		Gaps      []struct{ From, To uint32 }
	}
	if found, err := i.get(ctx, "/drives/"+url.PathEscape(fn), &v); !found || err != nil {
		return conformance.Drive{}, err
	}
	d := conformance.Drive{FN: v.FN, Status: v.Status, RegID: v.RegID, UserINN: v.UserINN, User: v.User, KKTNumber: v.KKTNumber, Address: v.Address,
		Policy: v.Policy, FFD: v.FFD, LastFD: v.LastFD, Documents: v.Documents}
	for _, g := range v.Gaps {
		d.Gaps = append(d.Gaps, conformance.Gap(g))
	}
	return d, nil
}

type faultView struct{ ID, Name string }

type documentView struct {
	FN         string     `json:"fiscalDriveNumber"`
	FD         uint32     `json:"fiscalDocumentNumber"`
	Form       int        `json:"code"`
	DateTime   string     `json:"dateTime"`
	ReceivedAt time.Time  `json:"receivedAt"`
	FPD        uint32     `json:"fiscalSign"`
	Confirmed  bool       `json:"confirmed"`
	Fault      *faultView `json:"fault"`
	Findings   []struct {
		Rule     string `json:"rule"`
		Severity string `json:"severity"`
	} `json:"findings"`
	FPS      string         `json:"messageSignVerdict"`
	Document map[string]any `json:"document"`
	Message  string         `json:"message"`
}

func (v *documentView) document() (conformance.Document, error) {
	d := conformance.Document{FN: v.FN, FD: v.FD, Form: v.Form, DateTime: v.DateTime, ReceivedAt: v.ReceivedAt, FPD: v.FPD, Confirmed: v.Confirmed,
		FPS: v.FPS, Fields: unwrap(v.Document)}
	if v.Fault != nil {
		d.Fault, d.FaultName = v.Fault.ID, v.Fault.Name
	}
	for _, f := range v.Findings {
		d.Rules = append(d.Rules, f.Rule)
	}
	var err error
	d.Message, err = hex.DecodeString(v.Message)
	return d, err
}

// unwrap takes the fields out of the tax service's envelope, which names the kind of
// the document (operator.md 5.2).
func unwrap(doc map[string]any) map[string]any {
	for len(doc) == 1 {
		for _, inner := range doc {
			m, ok := inner.(map[string]any)
			if !ok {
				return doc
			}
			doc = m
		}
	}
	return doc
}

// Document shows a stored document.
func (i *inspect) Document(ctx context.Context, fn string, fd uint32) (conformance.Document, error) {
	var v documentView
	if found, err := i.get(ctx, fmt.Sprintf("/drives/%s/documents/%d", url.PathEscape(fn), fd), &v); !found || err != nil {
		return conformance.Document{}, err
	}
	return v.document()
}

// ByFPD finds documents by their sign.
func (i *inspect) ByFPD(ctx context.Context, fpd string) ([]conformance.Document, error) {
	var list struct{ Items []documentView }
	if _, err := i.get(ctx, "/documents?fpd="+url.QueryEscape(fpd), &list); err != nil {
		return nil, err
	}
	var all []conformance.Document
	for _, v := range list.Items {
		d, err := v.document()
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

type noteView struct {
	FD     uint32     `json:"fiscalDocumentNumber"`
	Fault  *faultView `json:"fault"`
	Text   string     `json:"text"`
	Detail string     `json:"detail"`
}

func (i *inspect) notes(ctx context.Context, resource, fn string) (all []conformance.Incident, err error) {
	var list struct{ Items []noteView }
	if _, err = i.get(ctx, resource+"?limit=1000&fn="+url.QueryEscape(fn), &list); err != nil {
		return nil, err
	}
	for _, v := range list.Items {
		n := conformance.Incident{FD: v.FD, Text: v.Text + v.Detail}
		if v.Fault != nil {
			n.Fault = v.Fault.ID
		}
		all = append(all, n)
	}
	return all, nil
}

// Incidents of a drive.
func (i *inspect) Incidents(ctx context.Context, fn string) ([]conformance.Incident, error) {
	return i.notes(ctx, "/incidents", fn)
}

// Quarantine of a drive.
func (i *inspect) Quarantine(ctx context.Context, fn string) ([]conformance.Incident, error) {
	return i.notes(ctx, "/quarantine", fn)
}

// ask serves a request inside the process.
func (s *Self) ask(request *http.Request) (*http.Response, error) {
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	s.server.Handler().ServeHTTP(w, request)
	return &http.Response{StatusCode: w.status, Status: http.StatusText(w.status), Header: w.header, Body: &w.body}, nil
}

// recorder keeps an answer of a handler.
type recorder struct {
	header http.Header
	status int
	body   closable
}

type closable struct{ bytes.Buffer }

// Close does nothing.
func (*closable) Close() error { return nil }

// Header, WriteHeader and Write are those of http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader keeps the status.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write keeps the body.
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

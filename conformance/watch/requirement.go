package watch

import (
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/cases"
)

// Requirement is one thing that is judged whenever it passes by.
type Requirement struct {
	ID     string // of the specification (E-09, TRN-060, M-03), of a case (K-022, O-075, F-M-03), or of this package (W-01)
	Path   string
	Title  string // what must hold, in one sentence
	Of     conformance.Party
	Source string
	Mark   conformance.Mark
	Level  conformance.Level
}

// own are the requirements that no case states as seen from between the ends.
var own = []Requirement{
	{ID: "E-01", Path: "kkt-header/signature", Of: conformance.KKT, Source: "transport.md 3, E-01", Mark: conformance.Doc, Title: "A message begins with a known signature."},
	{ID: "E-02", Path: "kkt-header/s-version", Of: conformance.KKT, Source: "transport.md 3, E-02", Mark: conformance.Doc, Title: "The S-version is that of the protocol."},
	{ID: "E-03", Path: "kkt-header/p-version", Of: conformance.KKT, Source: "transport.md 3.1, E-03", Mark: conformance.Doc, Title: "The P-version is one of the table."},
	{ID: "E-04", Path: "kkt-header/flags", Of: conformance.KKT, Source: "transport.md 3.2, E-04, TRN-091", Mark: conformance.Doc, Title: "The flags are a legal combination."},
	{ID: "E-05", Path: "kkt-header/session-crc", Of: conformance.KKT, Source: "transport.md 3.3, E-05", Mark: conformance.Doc, Title: "The session header's check code fits its mode."},
	{ID: "E-06", Path: "kkt-header/oversize", Of: conformance.KKT, Source: "transport.md 6 TRN-050, E-06", Mark: conformance.Doc, Title: "A message is not longer than the greatest document."},
	{ID: "E-07", Path: "kkt-header/whole", Of: conformance.KKT, Source: "transport.md 7.2, E-07", Mark: conformance.Doc, Title: "A message that was begun is sent whole."},
	{ID: "E-08", Path: "kkt-header/lengths", Of: conformance.KKT, Source: "transport.md 4, E-08", Mark: conformance.Cap, Title: "The lengths of session header and container agree."},
	{ID: "E-09", Path: "kkt-header/container-crc", Of: conformance.KKT, Source: "transport.md 3.3, E-09", Mark: conformance.Cap, Title: "The container's check code fits."},
	{ID: "E-10", Path: "kkt-header/container-kind", Of: conformance.KKT, Source: "transport.md 4, E-10", Mark: conformance.Doc, Title: "Container type and version are known."},
	{ID: "E-11", Path: "kkt-number/drive", Of: conformance.KKT, Source: "transport.md E-11, flk.md I-01", Mark: conformance.Cap, Title: "Session header, container header and document name one drive."},
	{ID: "E-13", Path: "kkt-sign/message", Of: conformance.KKT, Source: "transport.md E-13, fiscal-sign.md 5.2", Mark: conformance.Doc, Title: "The message sign is right."},
	{ID: "E-15", Path: "kkt-header/form", Of: conformance.KKT, Source: "transport.md E-15, flk.md S-01", Mark: conformance.Cap, Title: "Container header and document name one form."},
	{ID: "E-16", Path: "kkt-flk/readable", Of: conformance.KKT, Source: "transport.md E-16, flk.md S-02", Mark: conformance.Doc, Title: "The document is of a known form, and its fields fill it."},
	{ID: "E-17", Path: "kkt-number/document", Of: conformance.KKT, Source: "transport.md E-17, flk.md I-02", Mark: conformance.Cap, Title: "Container header and document have one number."},
	{ID: "E-19", Path: "kkt-sign/document", Of: conformance.KKT, Source: "transport.md E-19, fiscal-sign.md 5.1", Mark: conformance.Doc, Title: "The document sign is right."},
	{ID: "E-24", Path: "kkt-registration/first", Of: conformance.KKT, Source: "transport.md E-24, fn.md 3.2", Mark: conformance.Doc, Title: "A drive's first document is a registration or a change with a new drive."},
	{ID: "E-25", Path: "kkt-life/after-closing", Of: conformance.KKT, Source: "transport.md E-25, fn.md 3.2", Mark: conformance.Doc, Title: "After the report on closing come state reports only."},
	{ID: "TRN-040", Path: "kkt-header/trailer", Of: conformance.KKT, Source: "transport.md 5 TRN-040", Mark: conformance.Cap, Title: "The trailer has 8 bytes, or 10 with zeros at the end."},
	{ID: "TRN-051", Path: "kkt-header/truncated", Of: conformance.KKT, Source: "transport.md 6 TRN-051", Mark: conformance.Doc, Title: "A container has room for its header, a document and a sign."},
	{ID: "TRN-060", Path: "kkt-outage/same-bytes", Of: conformance.KKT, Source: "transport.md 7.1 TRN-060", Mark: conformance.Doc, Title: "A document that comes again comes with the same bytes."},
	{ID: "FN-030", Path: "kkt-shift/time", Of: conformance.KKT, Source: "fn.md 7 FN-030", Mark: conformance.Doc, Title: "Time does not go back, but for an hour at the opening of a shift."},
	{ID: "Q-12", Path: "kkt-shift/closed-before", Of: conformance.KKT, Source: "flk.md Q-12, fn.md 3.2", Mark: conformance.Doc, Title: "Opening, change and closing of the drive are made while no shift is open."},
	{ID: "W-01", Path: "kkt-exchange/one-at-a-time", Of: conformance.KKT, Source: "transport.md 7.1", Mark: conformance.Doc, Title: "The register waits for the answer before it sends the next message."},
	{ID: "W-02", Path: "kkt-header/stlv-size", Of: conformance.KKT, Source: "transport.md 4", Mark: conformance.Cap, Title: "Bytes 30 and 31 of the container header are the length of the document."},
	{ID: "W-03", Path: "kkt-marking/message", Of: conformance.KKT, Source: "transport.md 12.2 TRN-110", Mark: conformance.TB, Title: "A message about marking is of form 81 or 82, rightly signed, and its fields fill it."},

	{ID: "TRN-011", Path: "reply/p-version", Of: conformance.OFD, Source: "transport.md 3.1 TRN-011", Mark: conformance.Code, Title: "The answer repeats the P-version."},
	{ID: "TRN-030", Path: "reply/mirror", Of: conformance.OFD, Source: "transport.md 4.1 TRN-030", Mark: conformance.Obs, Title: "The answer's container header repeats bytes 9 to 24 and has zeros after them."},
	{ID: "TRN-064", Path: "reply/time", Of: conformance.OFD, Source: "transport.md 7.2 TRN-064", Mark: conformance.TB, Level: conformance.Should, Title: "An answer begins within three seconds."},
	{ID: "TRN-070", Path: "reply/version", Of: conformance.OFD, Source: "transport.md 8.1 TRN-070", Mark: conformance.Doc, Title: "The confirmation is of the document's version: no 1206 before FFD 1.1, no 1068 after it."},
	{ID: "W-11", Path: "reply/header", Of: conformance.OFD, Source: "transport.md 3", Mark: conformance.Doc, Title: "The answer repeats signature and S-version, and its flags say that it has a container."},
	{ID: "W-12", Path: "reply/session-fn", Of: conformance.OFD, Source: "transport.md 3, TRN-066", Mark: conformance.Doc, Title: "The answer's session header names the drive."},
	{ID: "W-13", Path: "reply/lengths", Of: conformance.OFD, Source: "transport.md 4", Mark: conformance.Cap, Title: "The lengths of the answer agree."},
	{ID: "W-14", Path: "reply/container-crc", Of: conformance.OFD, Source: "transport.md 3.3", Mark: conformance.Cap, Title: "The check code of the answer's container fits."},
	{ID: "W-15", Path: "reply/form", Of: conformance.OFD, Source: "transport.md 8", Mark: conformance.Doc, Title: "The answer is of the form that follows the message's."},
	{ID: "W-16", Path: "reply/fits-drive", Of: conformance.OFD, Source: "transport.md 6", Mark: conformance.Doc, Title: "The answer's container fits one command of a drive: 1024 bytes."},
	{ID: "W-17", Path: "reply/encryption", Of: conformance.OFD, Source: "fiscal-sign.md 5.5", Mark: conformance.TB, Title: "The answer is encrypted when the message is, and only then."},
	{ID: "W-18", Path: "reply/fields", Of: conformance.OFD, Source: "transport.md 8.1", Mark: conformance.Doc, Title: "The confirmation is one document whose fields fill it."},
	{ID: "W-19", Path: "reply/operator", Of: conformance.OFD, Source: "transport.md 8.1 (1017)", Mark: conformance.Doc, Title: "The confirmation names its operator."},
	{ID: "W-20", Path: "reply/answered", Of: conformance.OFD, Source: "transport.md 7.2", Mark: conformance.Doc, Title: "A right message is answered on its connection."},
	{ID: "W-21", Path: "reply/unasked", Of: conformance.OFD, Source: "transport.md 2", Mark: conformance.Doc, Title: "The operator sends nothing unasked."},
	{ID: "W-22", Path: "reply/whole", Of: conformance.OFD, Source: "transport.md 7.2", Mark: conformance.Doc, Title: "An answer that was begun is sent whole."},
	{ID: "W-23", Path: "reply/drive", Of: conformance.OFD, Source: "transport.md 8.1 (1041)", Mark: conformance.Doc, Title: "The confirmation names the drive."},
	{ID: "W-24", Path: "reply/document", Of: conformance.OFD, Source: "transport.md 8.1 (1040)", Mark: conformance.Doc, Title: "The confirmation names the document."},
	{ID: "W-25", Path: "reply/operator-sign", Of: conformance.OFD, Source: "fiscal-sign.md 5.3", Mark: conformance.Doc, Title: "The operator's sign is right."},
	{ID: "W-26", Path: "reply/confirmation-sign", Of: conformance.OFD, Source: "fiscal-sign.md 5.3", Mark: conformance.Doc, Title: "The confirmation sign is right."},
	{ID: "W-27", Path: "reply/session-crc", Of: conformance.OFD, Source: "transport.md 3.3", Mark: conformance.Doc, Title: "The check code of the answer's session header fits its mode."},
	{ID: "W-28", Path: "reply/marking", Of: conformance.OFD, Source: "transport.md 12.2 TRN-110", Mark: conformance.TB, Title: "A message about marking gets a right answer with its own number."},
}

// borrowed are cases whose requirement can be judged in passing; they keep their
// words.
var borrowed = strings.Fields(`
K-010 K-020 K-022 K-023 K-029 K-041 K-042 K-051 K-061 K-070 K-071 K-073 K-080 K-081 K-082 K-083 K-090 K-091 K-095 K-096 K-098 K-100
O-001 O-002 O-010 O-021 O-025 O-028 O-030 O-032 O-035 O-037 O-038 O-040 O-050 O-051
O-070 O-071 O-072 O-073 O-074 O-075 O-076 O-077 O-085 O-086 O-088 O-089 O-090 O-091 O-092 O-095 O-096 O-098 O-105 O-107 O-110 O-111 O-121`)

// Requirements are all there are: those of the register, then those of the operator.
func Requirements() []Requirement {
	all := append([]Requirement(nil), own...)
	byID := map[string]conformance.Case{}
	for _, c := range cases.All() {
		byID[c.ID] = c
	}
	take := func(id, as, path string, of conformance.Party) {
		c, ok := byID[id]
		if !ok {
			panic("watch: no case " + id) // a wrong static table
		}
		all = append(all, Requirement{ID: as, Path: path, Of: of, Title: c.Title, Source: c.Source, Mark: c.Mark, Level: c.Strength()})
	}
	for _, id := range borrowed {
		c := byID[id]
		take(id, id, c.Path, c.Party())
	}
	for _, r := range rules {
		take("F-"+r.id, r.id, "kkt-"+byID["F-"+r.id].Path, conformance.KKT)
		if r.want == flagged || r.want == unread {
			take("F-"+r.id, "F-"+r.id, byID["F-"+r.id].Path, conformance.OFD)
		}
	}
	var kkt, ofd []Requirement
	for _, r := range all {
		if r.Level == "" {
			r.Level = conformance.Must
		}
		if r.Of == conformance.OFD {
			ofd = append(ofd, r)
		} else {
			kkt = append(kkt, r)
		}
	}
	return append(kkt, ofd...)
}

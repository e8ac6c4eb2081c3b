package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// LineError says what is wrong in an export, and where.
type LineError struct {
	Line   int64
	Field  string // as meta.totalSum; empty: the line as a whole
	Reason string // with no value out of the line
}

// Error implements error.
func (e *LineError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
	}
	return fmt.Sprintf("line %d: %s: %s", e.Line, e.Field, e.Reason)
}

// maxLine bounds a line: documents have at most 32 KB, and a few times their bytes.
const maxLine = 4 << 20

// Import carries an export into an empty base. It is atomic: one transaction, so
// that after an error nothing was written. It verifies the chains on the way, and the
// counts and the hash at the end. A base that is not empty is only compared: equal
// reports that it holds exactly what the export holds, and anything else is an error
// that names the first line that differs. Errors in r are *LineError.
func Import(ctx context.Context, b Base, r io.Reader, progress func(documents int64)) (counts Counts, equal bool, err error) {
	in := bufio.NewReaderSize(r, 1<<20)
	im := &importer{in: in, sum: sha256.New(), chains: map[string]*chained{}, progress: progress}
	err = b.Fill(ctx, func(f Filler) error { return im.base(ctx, f) })
	if errors.Is(err, ErrNotEmpty) {
		c := &comparer{in: in}
		if counts, err = Export(ctx, b, c, progress); err == nil {
			err = c.end()
		}
		equal = err == nil
		if c.differs != nil { // the writer's error without what was being done
			err = fmt.Errorf("%w: %w", ErrNotEmpty, c.differs)
		}
	} else {
		counts = im.counts
	}
	if err != nil {
		return counts, false, fmt.Errorf("archive: importing: %w", err)
	}
	return counts, equal, nil
}

// comparer compares what is written with what can be read.
type comparer struct {
	in      *bufio.Reader
	line    int64
	differs error
	buf     []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	if cap(c.buf) < len(p) {
		c.buf = make([]byte, len(p))
	}
	got := c.buf[:len(p)]
	n, err := io.ReadFull(c.in, got)
	if bytes.Equal(got[:n], p) {
		c.line += int64(bytes.Count(p, []byte("\n")))
		return len(p), nil
	}
	same := 0
	for same < n && got[same] == p[same] {
		same++
	}
	line := c.line + 1 + int64(bytes.Count(p[:same], []byte("\n")))
	c.differs = &LineError{Line: line, Reason: "the base holds something else here"}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		c.differs = err
	}
	return 0, c.differs
}

func (c *comparer) end() error {
	if _, err := c.in.ReadByte(); !errors.Is(err, io.EOF) {
		c.differs = errors.Join(err, &LineError{Line: c.line + 1, Reason: "there is more than the base holds"})
	}
	return c.differs
}

// chained is where the chain of a FN stands, and where the drive says it ends.
type chained struct{ head, end chain.Head }

type importer struct {
	in       *bufio.Reader
	sum      hash.Hash
	n        int64 // line
	counts   Counts
	chains   map[string]*chained
	stage    int // index of the kind of line last read
	last     int64
	previous []byte // hash of the last entry of the protocol
	progress func(int64)
}

// The kinds of lines in their order.
const (
	kindBase = iota
	kindDrive
	kindProtocol
	kindDocument
	kindExchange
	kindQuarantine
	kindIncident
	kindEnd
)

func (im *importer) wrong(field, format string, args ...any) error {
	return &LineError{Line: im.n, Field: field, Reason: fmt.Sprintf(format, args...)}
}

// base reads all lines.
func (im *importer) base(ctx context.Context, f Filler) error {
	im.stage = -1
	for {
		text, err := im.read()
		if err != nil {
			return err
		}
		l, err := im.decode(text)
		if err != nil {
			return err
		}
		kind, err := im.order(l)
		if err != nil {
			return err
		}
		if kind == kindEnd {
			return im.end(l.End)
		}
		im.sum.Write(text)
		if err := im.row(ctx, f, kind, l); err != nil {
			return err
		}
	}
}

// read takes the next line with its end.
func (im *importer) read() ([]byte, error) {
	im.n++
	var text []byte
	for {
		part, err := im.in.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case err == nil:
			return text, nil
		case len(text) > maxLine:
			return nil, im.wrong("", "longer than %d bytes", maxLine)
		case errors.Is(err, io.EOF):
			return nil, im.wrong("", "the export breaks off: no line \"end\"")
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("reading line %d: %w", im.n, err)
		}
	}
}

func (im *importer) decode(text []byte) (*line, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	l := &line{}
	err := d.Decode(l)
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return nil, im.wrong(wrong.Field, "%s where %s is wanted", strings.SplitN(wrong.Value, " ", 2)[0], wrong.Type)
	case errors.As(err, &syntax):
		return nil, im.wrong("", "not JSON: broken at byte %d", syntax.Offset)
	case err != nil && strings.HasPrefix(err.Error(), "json: unknown field "):
		return nil, im.wrong(strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`), "no such field")
	case err != nil:
		return nil, im.wrong("", "not a JSON object")
	case len(bytes.TrimSpace(text[d.InputOffset():])) > 0:
		return nil, im.wrong("", "more than one JSON object")
	}
	return l, nil
}

// order tells which kind of line it is, and refuses one in a wrong place.
func (im *importer) order(l *line) (kind int, err error) {
	found := 0
	for i, is := range [...]bool{kindBase: l.Base != nil, kindDrive: l.Drive != nil, kindProtocol: l.Protocol != nil, kindDocument: l.Meta != nil || l.Document != nil,
		kindExchange: l.Exchange != nil, kindQuarantine: l.Quarantine != nil, kindIncident: l.Incident != nil, kindEnd: l.End != nil} {
		if is {
			kind, found = i, found+1
		}
	}
	switch {
	case found != 1:
		return 0, im.wrong("", "want one of base, drive, protocol, document with meta, exchange, quarantine, incident, end")
	case im.stage < 0 && kind != kindBase:
		return 0, im.wrong("base", "missing: the first line tells the format")
	case im.stage >= 0 && kind == kindBase:
		return 0, im.wrong("base", "in the middle")
	case kind < im.stage:
		return 0, im.wrong("", "in a wrong place: drives, protocol, documents, exchanges, quarantine, incidents")
	case kind > im.stage:
		im.stage, im.last = kind, 0
	}
	return kind, nil
}

// id checks that rows come in their order.
func (im *importer) id(field string, id int64) error {
	if id <= im.last {
		return im.wrong(field, "not greater than on the line before")
	}
	im.last = id
	return nil
}

func (im *importer) row(ctx context.Context, f Filler, kind int, l *line) error {
	switch kind {
	case kindBase:
		if l.Base.Format != exportFormat || l.Base.Version != exportVersion {
			return im.wrong("base", "not an export that this program can read (format %q version %d)", exportFormat, exportVersion)
		}
		return nil
	case kindDrive:
		return im.drive(ctx, f, l.Drive.drive())
	case kindProtocol:
		return im.entry(ctx, f, l.Protocol.entry())
	case kindDocument:
		return im.document(ctx, f, l)
	}
	table := Tables[kind-kindExchange]
	place, n := l.event(table, &im.counts)
	if err := im.id(lineName(table)+".id", (*place).ID); err != nil {
		return err
	}
	*n++
	return im.kept(f.Event(ctx, table, (*place).event()))
}

// lineName is the member that holds a row of the table.
func lineName(t Table) string {
	if t == Quarantine {
		return string(t)
	}
	return strings.TrimSuffix(string(t), "s")
}

// kept adds the line to an error of the base.
func (im *importer) kept(err error) error {
	if err != nil {
		return fmt.Errorf("line %d: %w", im.n, err)
	}
	return nil
}

func (im *importer) drive(ctx context.Context, f Filler, d *Drive) error {
	switch {
	case d.FN == "":
		return im.wrong("drive.fiscalDriveNumber", "missing")
	case im.chains[d.FN] != nil:
		return im.wrong("drive.fiscalDriveNumber", "the drive was there before")
	case len(d.ChainHead) != chain.HashLen && (d.ChainLength != 0 || len(d.ChainHead) != 0):
		return im.wrong("drive.chainHead", "want %d bytes", chain.HashLen)
	}
	if err := im.id("drive.id", d.ID); err != nil {
		return err
	}
	im.chains[d.FN] = &chained{end: chain.HeadOf(d.ChainLength, d.ChainHead)}
	im.counts.Drives++
	return im.kept(f.Drive(ctx, d))
}

func (im *importer) entry(ctx context.Context, f Filler, e *chain.Entry) error {
	switch {
	case e.ID != im.last+1:
		return im.wrong("protocol.id", "does not follow the line before")
	case !bytes.Equal(e.Hash, e.Sum(im.previous)):
		return im.wrong("protocol.hash", "is not the hash of the entry after the one before")
	}
	im.last, im.previous = e.ID, e.Hash
	if e.Kind == chain.KindRetention && e.What == "documents" {
		c := im.chains[e.FN]
		if c == nil {
			return im.wrong("protocol.fiscalDriveNumber", "no such drive")
		}
		if e.First != c.head.Length+1 {
			return im.wrong("protocol.first", "does not follow what was deleted before")
		}
		c.head = chain.HeadOf(e.Last, e.Head)
	}
	im.counts.Protocol++
	return im.kept(f.Entry(ctx, e))
}

func (im *importer) document(ctx context.Context, f Filler, l *line) error {
	if l.Meta == nil || l.Document == nil {
		return im.wrong("meta", "a document and its meta stand on one line")
	}
	r := l.Meta.row()
	if err := im.id("meta.id", r.ID); err != nil {
		return err
	}
	c := im.chains[r.FN]
	if c == nil {
		return im.wrong("meta.fiscalDriveNumber", "no such drive")
	}
	digest := r.Digest()
	link, head := digest.Link(c.head)
	if parts := digest.Differs(r.Link); len(parts) > 0 {
		field := map[string]string{"message": "meta.message", "confirmation": "meta.confirmation", "record": "meta", "link": "meta.link"}[parts[0]]
		return im.wrong(field, "FN %s FD %d: the %s is not what its link says", r.FN, r.FD, parts[0])
	}
	if r.Seq != head.Length {
		return im.wrong("meta.chainSeq", "FN %s FD %d: its chain goes on at place %d, this is %d", r.FN, r.FD, head.Length, r.Seq)
	}
	if !bytes.Equal(link, r.Link) {
		return im.wrong("meta.link", "FN %s FD %d: does not follow from the document before and this one", r.FN, r.FD)
	}
	c.head = head
	if err := im.envelope(l.Document, r); err != nil {
		return err
	}
	im.counts.Documents++
	if im.progress != nil && im.counts.Documents%pageRows == 0 {
		im.progress(im.counts.Documents)
	}
	return im.kept(f.Document(ctx, r))
}

// envelope checks that the document is the one whose bytes are in the meta. The rest
// of it follows from them, in the words of the program that wrote the export.
func (im *importer) envelope(text json.RawMessage, r *chain.Row) error {
	plain, err := r.Plain()
	if err != nil {
		return im.wrong("meta.plainAt", "not inside the message")
	}
	var kinds map[string]struct {
		RawData []byte `json:"rawData"`
	}
	if err := json.Unmarshal(text, &kinds); err != nil {
		return im.wrong("document", "not a document of section 5.2")
	}
	if len(plain) == 0 && len(kinds) == 0 {
		return nil
	}
	if len(kinds) != 1 {
		return im.wrong("document", "want one member that names the kind of the document")
	}
	for kind, d := range kinds {
		if sign := wire.MessageSignOf(r.Message); !bytes.Equal(d.RawData, append(plain[:len(plain):len(plain)], sign...)) {
			return im.wrong("document."+kind+".rawData", "not the document of the message")
		}
	}
	return nil
}

// end compares counts, chains and the hash, and wants nothing behind.
func (im *importer) end(e *endJSON) error {
	if e.Counts != im.counts {
		return im.wrong("end", "counts other rows than there are: lines were lost or added")
	}
	if !bytes.Equal(e.SHA256, im.sum.Sum(nil)) {
		return im.wrong("end.sha256", "not the hash of the lines before: something was changed")
	}
	for fn, c := range im.chains {
		if c.head != c.end {
			return im.wrong("", "the chain of FN %s ends at place %d, its drive knows %d", fn, c.head.Length, c.end.Length)
		}
	}
	if _, err := im.in.ReadByte(); !errors.Is(err, io.EOF) {
		im.n++
		return errors.Join(err, im.wrong("", "something stands behind the end"))
	}
	return nil
}

package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// Export writes the whole base as it is at one moment, one JSON object on a line:
// the head, drives, the protocol, documents in the order of arrival, exchanges,
// quarantine, incidents, and the end with counts and a hash of all lines before it.
// The same base gives the same bytes. It holds whatever the base holds, personal data
// of buyers included.
func Export(ctx context.Context, b Base, w io.Writer, progress func(documents int64)) (Counts, error) {
	e := &exporter{sum: sha256.New()}
	out := bufio.NewWriterSize(w, 1<<20)
	e.w = io.MultiWriter(out, e.sum)
	err := b.Snapshot(ctx, func(s Snapshot) error { return e.base(ctx, s, progress) })
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return e.counts, fmt.Errorf("archive: exporting: %w", err)
	}
	return e.counts, nil
}

type exporter struct {
	w      io.Writer
	sum    hash.Hash
	counts Counts
	buf    []byte
}

func (e *exporter) line(l *line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = e.w.Write(append(b, '\n'))
	return err
}

func (e *exporter) base(ctx context.Context, s Snapshot, progress func(int64)) error {
	if err := e.line(&line{Base: &baseJSON{exportFormat, exportVersion}}); err != nil {
		return err
	}
	err := each(func(after int64, limit int) ([]Drive, error) { return s.Drives(ctx, after, limit) },
		func(d *Drive) int64 { return d.ID }, func(d *Drive) error {
			e.counts.Drives++
			return e.line(&line{Drive: showDrive(d)})
		})
	if err != nil {
		return err
	}
	err = each(func(after int64, limit int) ([]chain.Entry, error) { return s.Protocol(ctx, after, limit) },
		func(p *chain.Entry) int64 { return p.ID }, func(p *chain.Entry) error {
			e.counts.Protocol++
			return e.line(&line{Protocol: showEntry(p)})
		})
	if err != nil {
		return err
	}
	err = each(func(after int64, limit int) ([]chain.Row, error) {
		if progress != nil {
			progress(e.counts.Documents)
		}
		return s.Documents(ctx, "", after, limit)
	}, func(r *chain.Row) int64 { return r.ID }, func(r *chain.Row) error {
		e.counts.Documents++
		return e.document(r)
	})
	if err != nil {
		return err
	}
	for _, t := range Tables {
		err := each(func(after int64, limit int) ([]Event, error) { return s.Events(ctx, t, after, limit) },
			func(v *Event) int64 { return v.ID }, func(v *Event) error {
				l := &line{}
				place, n := l.event(t, &e.counts)
				*place = showEvent(v)
				*n++
				return e.line(l)
			})
		if err != nil {
			return err
		}
	}
	return e.line(&line{End: &endJSON{Counts: e.counts, SHA256: e.sum.Sum(nil)}})
}

// event is where the line has an event of that table, and its count.
func (l *line) event(t Table, counts *Counts) (place **eventJSON, n *int64) {
	switch t {
	case Exchanges:
		return &l.Exchange, &counts.Exchanges
	case Quarantine:
		return &l.Quarantine, &counts.Quarantine
	}
	return &l.Incident, &counts.Incidents
}

// document writes the envelope of the tax service with the row beside it. A document
// whose content was not seen is null; one that cannot be read to its end is written
// as far as it goes, and whole in rawData.
func (e *exporter) document(r *chain.Row) error {
	plain, err := r.Plain()
	if err != nil {
		return fmt.Errorf("FN %s FD %d: %w", r.FN, r.FD, err)
	}
	e.buf = append(e.buf[:0], `{"document":null`...)
	if len(plain) > 0 {
		d, _ := ffd.Decode(plain)
		d.Raw, d.Sign = plain, wire.MessageSignOf(r.Message)
		if e.buf, err = ffd.AppendJSON(e.buf[:0], d, ffd.JSONOptions{Wrap: true}); err != nil {
			return fmt.Errorf("FN %s FD %d: %w", r.FN, r.FD, err)
		}
		e.buf = bytes.TrimSuffix(e.buf, []byte("}"))
	}
	meta, err := json.Marshal(showRow(r))
	if err != nil {
		return fmt.Errorf("FN %s FD %d: %w", r.FN, r.FD, err)
	}
	e.buf = append(append(append(e.buf, `,"meta":`...), meta...), "}\n"...)
	_, err = e.w.Write(e.buf)
	return err
}

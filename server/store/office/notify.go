package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/server/notify"
)

// Messages is the office as server/notify sees it.
func (o *Office) Messages() notify.Store { return messages{o} }

type messages struct{ *Office }

func messageError(doing string, err error) error {
	if err == nil || errors.Is(err, notify.ErrNotFound) {
		return err
	}
	return fmt.Errorf("office: %s: %w", doing, err)
}

type messageRow struct {
	ID, Org, Kind, Channel, Receiver, Subject, Text, State, Reason, About string
	Body                                                                  []byte
	Tries                                                                 int
	Created, Due, Done                                                    int64
}

// body is what lists do not show.
type messageBody struct {
	HTML    string
	Files   []notify.File
	Sender  string `json:",omitempty"`
	ReplyTo string `json:",omitempty"`
}

func (r messageRow) message() (notify.Message, error) {
	m := notify.Message{ID: r.ID, Org: r.Org, Kind: r.Kind, Channel: notify.Channel(r.Channel), To: r.Receiver, Subject: r.Subject, Text: r.Text,
		State: notify.State(r.State), Reason: r.Reason, Tries: r.Tries, About: r.About, Created: at(r.Created), Due: at(r.Due), Done: at(r.Done)}
	if len(r.Body) > 0 {
		var b messageBody
		if err := json.Unmarshal(r.Body, &b); err != nil {
			return m, err
		}
		m.HTML, m.Files, m.Sender, m.ReplyTo = b.HTML, b.Files, b.Sender, b.ReplyTo
	}
	return m, nil
}

func (s messages) AddMessage(ctx context.Context, m notify.Message) error {
	return messageError("adding a message", addMessage(ctx, s.db, m))
}

// addMessage is for transactions of others, too.
func addMessage(ctx context.Context, r runner, m notify.Message) error {
	var body []byte
	if m.HTML != "" || len(m.Files) > 0 || m.Sender != "" || m.ReplyTo != "" {
		var err error
		if body, err = json.Marshal(messageBody{m.HTML, m.Files, m.Sender, m.ReplyTo}); err != nil {
			return err
		}
	}
	_, err := exec(ctx, r, `INSERT INTO messages (id, org, kind, channel, receiver, subject, text, body, state, reason, tries, about, created, due, done)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`, m.ID, m.Org, m.Kind, string(m.Channel), m.To, m.Subject, m.Text, body, string(m.State), m.Reason, m.Tries,
		m.About, ns(m.Created), ns(m.Due), ns(m.Done))
	return err
}

// addMessages puts letters into the outbox inside a transaction of others.
func addMessages(ctx context.Context, tx runner, all []notify.Message) error {
	for _, m := range all {
		if err := addMessage(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

const messageColumns = `SELECT id, org, kind, channel, receiver, subject, text, state, reason, tries, about, created, due, done`

func (s messages) Message(ctx context.Context, id string) (notify.Message, error) {
	var r messageRow
	if err := one(ctx, s.db, notify.ErrNotFound, &r, messageColumns+`, body FROM messages WHERE id = ?`, id); err != nil {
		return notify.Message{}, messageError("reading a message", err)
	}
	m, err := r.message()
	return m, messageError("reading a message", err)
}

func (s messages) list(ctx context.Context, query string, args ...any) ([]notify.Message, error) {
	var rows []messageRow
	if err := many(ctx, s.db, &rows, query, args...); err != nil {
		return nil, messageError("reading messages", err)
	}
	all := make([]notify.Message, len(rows))
	for i, r := range rows {
		var err error
		if all[i], err = r.message(); err != nil {
			return nil, messageError("reading messages", err)
		}
	}
	return all, nil
}

// likeEscaper keeps what people type from being a pattern.
var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (s messages) Messages(ctx context.Context, f notify.Filter) ([]notify.Message, error) {
	var where []string
	var args []any
	add := func(condition string, arg string) {
		if arg != "" {
			where, args = append(where, condition), append(args, arg)
		}
	}
	add("org = ?", f.Org)
	add("kind = ?", f.Kind)
	add("channel = ?", string(f.Channel))
	add("about = ?", f.About)
	add("state = ?", string(f.State))
	add("id < ?", f.Before)
	if f.To != "" {
		where, args = append(where, `receiver LIKE ? ESCAPE '\'`), append(args, "%"+likeEscaper.Replace(f.To)+"%")
	}
	query := messageColumns + ` FROM messages`
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	return s.list(ctx, query+` ORDER BY id DESC LIMIT ?`, append(args, f.Limit)...)
}

func (s messages) Due(ctx context.Context, c notify.Channel, now time.Time, limit int) ([]notify.Message, error) {
	return s.list(ctx, messageColumns+`, body FROM messages WHERE state IN (?, ?) AND channel = ? AND due <= ? ORDER BY due, id LIMIT ?`,
		string(notify.Queued), string(notify.Sent), string(c), ns(now), limit)
}

func (s messages) Settle(ctx context.Context, m notify.Message, from notify.State, tries int) error {
	n, err := exec(ctx, s.db, `UPDATE messages SET state = ?, reason = ?, tries = ?, due = ?, done = ? WHERE id = ? AND state = ? AND tries = ?`,
		string(m.State), m.Reason, m.Tries, ns(m.Due), ns(m.Done), m.ID, string(from), tries)
	if err == nil && n == 0 {
		err = notify.ErrNotFound
	}
	return messageError("settling a message", err)
}

func (s messages) DropMessages(ctx context.Context, before time.Time) (int64, error) {
	n, err := exec(ctx, s.db, `DELETE FROM messages WHERE created < ?`, ns(before))
	return n, messageError("dropping messages", err)
}

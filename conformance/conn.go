package conformance

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// Conn is a connection of a case to the target.
type Conn struct {
	run   *Run
	quiet bool // exchanges are not kept: the case has thousands
	// waiting was sent and is not in an exchange yet.
	waiting []byte
	net.Conn
}

const defaultTimeout = 5 * time.Second

func (r *Run) timeout() time.Duration {
	if r.runner.Timeout > 0 {
		return r.runner.Timeout
	}
	return defaultTimeout
}

// Dial opens a connection; the case ends as an error when it cannot.
func (r *Run) Dial(ctx context.Context) *Conn { return r.DialAt(ctx, r.runner.Target.Addr()) }

// DialAt is Dial for another address of the target.
func (r *Run) DialAt(ctx context.Context, addr string) *Conn {
	c, err := r.open(ctx, addr)
	if err != nil {
		r.Stop("the target does not take a connection: %v", err)
	}
	conn := &Conn{run: r, Conn: c}
	r.conns = append(r.conns, conn)
	return conn
}

func (r *Run) open(ctx context.Context, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: r.timeout()}
	return d.DialContext(ctx, "tcp", addr)
}

// Send writes bytes; a peer that has closed already is not an error here, reading
// will show it.
func (c *Conn) Send(b []byte) {
	c.send(b)
	if !c.quiet {
		c.waiting = append(c.waiting, b...)
	}
}

// settle puts what was sent without waiting into an exchange that ends so.
func (c *Conn) settle(received []byte, e Ending) {
	if len(c.waiting) > 0 {
		c.run.record(c.waiting, received, e)
		c.waiting = nil
	}
}

// Close ends the connection.
func (c *Conn) Close() error {
	c.settle(nil, Sent)
	return c.Conn.Close()
}

func (c *Conn) send(b []byte) {
	c.SetWriteDeadline(time.Now().Add(c.run.timeout()))
	var err error
	for size := c.run.segment(len(b)); len(b) > 0 && err == nil; b = b[min(size, len(b)):] {
		_, err = c.Write(b[:min(size, len(b))])
	}
	var netErr net.Error
	if errors.As(err, &netErr) && netErr.Timeout() {
		c.run.Stop("the target does not read: %v", err)
	}
}

// segment is how many bytes are written at once.
func (r *Run) segment(n int) int {
	if r.variant.Split > 0 {
		return r.variant.Split
	}
	return n
}

// Receive reads one answer: a session header and the body it announces. How the
// connection ended is told when no whole answer came.
func (c *Conn) Receive() ([]byte, Ending) {
	reply, end := c.receive(c.run.timeout())
	c.settle(reply, end)
	return reply, end
}

func (c *Conn) receive(limit time.Duration) ([]byte, Ending) {
	c.SetReadDeadline(time.Now().Add(limit))
	header := make([]byte, 30)
	n, err := io.ReadFull(c, header)
	if err != nil {
		return header[:n], ending(err)
	}
	body := make([]byte, binary.LittleEndian.Uint16(header[24:]))
	n, err = io.ReadFull(c, body)
	if err != nil {
		return append(header, body[:n]...), ending(err)
	}
	return append(header, body...), Answered
}

func ending(err error) Ending {
	var netErr net.Error
	switch {
	case errors.As(err, &netErr) && netErr.Timeout():
		return Hung
	case errors.Is(err, syscall.ECONNRESET):
		return Reset
	}
	return Closed
}

// Ask sends a message and reads its answer.
func (c *Conn) Ask(b []byte) ([]byte, Ending) {
	return c.ask(b, c.run.timeout())
}

func (c *Conn) ask(b []byte, limit time.Duration) ([]byte, Ending) {
	c.settle(nil, Sent)
	c.send(b)
	reply, end := c.receive(limit)
	c.keep(b, reply, end)
	return reply, end
}

func (c *Conn) keep(sent, received []byte, e Ending) {
	if c.run.unkept = c.quiet; !c.quiet {
		c.run.record(sent, received, e)
	}
}

// Silent reports whether nothing comes for a while; the connection stays.
func (c *Conn) Silent(limit time.Duration) bool {
	got, end := c.receive(limit)
	c.settle(got, end)
	return len(got) == 0 && end == Hung
}

// Answer is an answer read by the model.
type Answer struct {
	model.Ack
	Bytes []byte
	OK    bool // every check of the answer passed
}

// Accepted sends a document and demands the answer that scenarios.md section 0
// calls accepted, but for the operator's code, which the case judges. Each broken
// condition is a failed check of its own.
func (c *Conn) Accepted(register *model.Register, message []byte, mark Mark) Answer {
	reply, end := c.Ask(message)
	return c.judge(register, message, reply, end, mark)
}

func (c *Conn) judge(register *model.Register, message, reply []byte, end Ending, mark Mark) Answer {
	if !c.run.Expect("connection/answered", mark, "the server answers on the same connection", end == Answered, Answered, end) {
		return Answer{Bytes: reply}
	}
	ack, problems := model.ReadAck(register, message, reply)
	c.run.problems(problems, mark, "the answer is a right confirmation of the document sent")
	return Answer{Ack: ack, Bytes: reply, OK: len(problems) == 0}
}

// problems records what the model found wrong with an answer, or that nothing is.
func (r *Run) problems(found []model.Problem, mark Mark, requirement string) {
	for _, p := range found {
		r.Expect(p.Check, mark, requirement, false, p.Expected, p.Seen)
		r.result.Checks[len(r.result.Checks)-1].Offset = p.Offset
	}
	if len(found) == 0 {
		r.Expect("answer/right", mark, requirement, true, "", "")
	}
}

// Next judges the answer to a message that was sent before without waiting.
func (c *Conn) Next(register *model.Register, message []byte, mark Mark) Answer {
	reply, end := c.receive(c.run.timeout())
	c.waiting = bytes.TrimPrefix(c.waiting, message)
	c.keep(message, reply, end)
	return c.judge(register, message, reply, end, mark)
}

// Refused sends bytes and demands that the connection is closed without a byte.
func (c *Conn) Refused(b []byte, mark Mark, requirement string) {
	reply, end := c.Ask(b)
	c.run.Expect("connection/no-answer", mark, requirement, len(reply) == 0, "no byte", len(reply))
	c.run.Expect("connection/ended", mark, requirement, end == Closed || end == Reset, "closed or reset", end)
}

// CleanCode demands operator's code 0: 1022 = 0 for FFD 1.0 and 1.05, no 1206 after.
func (r *Run) CleanCode(register *model.Register, a Answer, mark Mark) {
	if register.FFD <= 2 {
		r.Expect("document/1022", mark, "the operator's code is 0", a.Code == 0, 0, a.Code)
		return
	}
	r.Expect("document/1206", mark, "there is no message of the operator", a.Message <= 0 && a.Code == -1, "no 1206 and no 1068", a.Message)
}

// Unrecognised demands the mark of a document that could not be read: 1022 = 11, or
// 1206 bit 1.
func (r *Run) Unrecognised(register *model.Register, a Answer, mark Mark) {
	if register.FFD <= 2 {
		r.Expect("document/1022", mark, "the operator's code says that the content is not recognised", a.Code == 11, 11, a.Code)
		return
	}
	r.FLKCode(register, a, mark)
}

// FLKCode demands the mark of a failed format control: 1022 = 14, or 1206 bit 1.
func (r *Run) FLKCode(register *model.Register, a Answer, mark Mark) {
	if register.FFD <= 2 {
		r.Expect("document/1022", mark, "the operator's code says that format control failed", a.Code == 14, 14, a.Code)
		return
	}
	r.Expect("document/1206", mark, "bit 1 of the operator's message is set, and there is no 1068", a.Message > 0 && a.Message&2 != 0 && a.Code == -1, "bit 1", a.Message)
}

// CloseWrite shuts the writing half.
func (c *Conn) CloseWrite() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		tcp.CloseWrite()
	}
}

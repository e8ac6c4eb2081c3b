package servertest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Client is one connection to a server.
type Client struct {
	net.Conn
	dec wire.Decoder
}

// patience bounds every wait of a client, so that a broken server fails a test and
// does not hang it.
const patience = 20 * time.Second

// Dial connects.
func Dial(addr string) (*Client, error) {
	nc, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	return &Client{Conn: nc, dec: wire.Decoder{Profile: wire.Lenient}}, nil
}

// Next takes the next message. It returns io.EOF when the server closed without
// another byte, by FIN or RST alike.
func (c *Client) Next() (*wire.Message, error) {
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	m, err := c.dec.Read(c.Conn)
	var opErr *net.OpError
	if errors.As(err, &opErr) && !opErr.Timeout() && c.dec.Pending() == 0 {
		return nil, io.EOF
	}
	return m, err
}

// Exchange sends a message and takes one answer.
func (c *Client) Exchange(message []byte) (*wire.Message, error) {
	if _, err := c.Write(message); err != nil {
		var opErr *net.OpError
		if errors.As(err, &opErr) && !opErr.Timeout() {
			return nil, io.EOF
		}
		return nil, err
	}
	return c.Next()
}

// Send dials, exchanges one message and closes (TRN-062).
func Send(addr string, message []byte) (*wire.Message, error) {
	c, err := Dial(addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Exchange(message)
}

// Ack is a confirmation that a drive would take.
type Ack struct {
	Message *wire.Message
	FD      fiscal.FDNumber
	FN      fiscal.FNNumber
	At      time.Time
	Code    int // 1022; -1 when there is no 1068
	Bits    int // 1206; -1 when absent
}

// Accepted reports code 0: 1022 = 0, or no bits in 1206.
func (a *Ack) Accepted() bool { return a.Code <= 0 && a.Bits <= 0 }

// ReadAck checks a confirmation of the document as strictly as the drive: header,
// check code, signs, numbers (scenarios.md, "Accepted").
func ReadAck(d Doc, m *wire.Message) (*Ack, error) {
	c, _, err := wire.ParseContainer(m.Body(), wire.Strict)
	if err != nil {
		return nil, err
	}
	want, err := wire.ReadContainer(d.Container)
	if err != nil {
		return nil, err
	}
	if c.Form != fiscal.FormOperatorAck || m.Header.FN != d.FN.Padded() || string(c.Raw[wire.OffFN:wire.OffTail]) != string(want.Raw[wire.OffFN:wire.OffTail]) {
		return nil, fmt.Errorf("servertest: reply header %x does not mirror %x", c.Raw[:wire.ContainerHeaderLen], want.Raw[:wire.ContainerHeaderLen])
	}
	stlv, fpp, err := Scheme.Drive(d.FN, 0).OpenAck(d.OFD, c)
	if err != nil {
		return nil, err
	}
	if fpp != sign.OK {
		return nil, fmt.Errorf("servertest: ФПП is %s", fpp)
	}
	doc, err := ffd.Decode(stlv)
	if err != nil {
		return nil, err
	}
	a := &Ack{Message: m, FD: doc.FDNumber(), FN: doc.FNNumber(), At: doc.DateTime(), Code: -1, Bits: -1}
	if n := doc.Field(ffd.TagMessageToFN); n != nil {
		a.Code = int(ffd.NodeUint(n.Child(ffd.TagOFDResponseCode)))
	}
	if n := doc.Field(ffd.TagOperatorMessage); n != nil {
		a.Bits = int(ffd.NodeUint(n))
	}
	if a.FD != d.FD || a.FN != d.FN || doc.Text(ffd.TagOFDINN) != string(d.OFD) {
		return nil, fmt.Errorf("servertest: confirmation of FN %s FD %d, want FN %s FD %d", a.FN, a.FD, d.FN, d.FD)
	}
	if n := doc.Field(ffd.TagFPO); n == nil || len(n.Value) != 16 {
		return nil, errors.New("servertest: no ФПО")
	}
	return a, nil
}

// Confirm sends a document and reads its confirmation.
func (c *Client) Confirm(d Doc) (*Ack, error) {
	m, err := c.Exchange(d.Message)
	if err != nil {
		return nil, fmt.Errorf("servertest: FN %s FD %d: %w", d.FN, d.FD, err)
	}
	return ReadAck(d, m)
}

// Field adds a field to a document.
func Field(tag tlv.Tag, value ...byte) func(*tlv.Builder) {
	return func(b *tlv.Builder) { b.Raw(tag, value) }
}

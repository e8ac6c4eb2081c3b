package intake

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// chunks are buffers for what comes. A connection has one only while bytes are taken
// over: a silent one has none.
var chunks = sync.Pool{New: func() any { return new([16 << 10]byte) }}

// receiver takes what a peer sent. Of a connection of the system it takes all that
// waits by one call, and waits for it without a buffer; of any other it asks for the
// first bytes with a small one.
type receiver struct {
	nc    net.Conn
	raw   syscall.RawConn // nil: not a connection of the system
	ready func(fd uintptr) bool
	first []byte // of a connection that is not of the system

	chunk *[16 << 10]byte // while next runs
	n     int
	err   error
}

func newReceiver(nc net.Conn) *receiver {
	r := &receiver{nc: nc}
	if c, ok := nc.(*net.TCPConn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			r.raw, r.ready = raw, r.take
			return r
		}
	}
	r.first = make([]byte, wire.HeaderLen)
	return r
}

// next waits for bytes and gives them to feed, which must not keep them. Errors are
// those of Read.
func (r *receiver) next(feed func([]byte)) error {
	if r.raw == nil {
		n, err := r.nc.Read(r.first)
		if n == 0 {
			return err
		}
		feed(r.first[:n])
		return nil
	}
	defer r.drop()
	if err := r.raw.Read(r.ready); err != nil {
		return err
	}
	switch {
	case r.err != nil:
		return &net.OpError{Op: "read", Net: "tcp", Source: r.nc.LocalAddr(), Addr: r.nc.RemoteAddr(), Err: os.NewSyscallError("read", r.err)}
	case r.n == 0:
		return io.EOF
	}
	feed(r.chunk[:r.n])
	return nil
}

// take is asked by the poller; false makes it wait for bytes.
func (r *receiver) take(fd uintptr) bool {
	r.chunk = chunks.Get().(*[16 << 10]byte)
	for {
		if r.n, r.err = syscall.Read(int(fd), r.chunk[:]); r.err != syscall.EINTR {
			break
		}
	}
	if r.err == syscall.EAGAIN {
		r.drop()
		return false
	}
	return true
}

func (r *receiver) drop() {
	if r.chunk != nil {
		chunks.Put(r.chunk)
		r.chunk = nil
	}
}

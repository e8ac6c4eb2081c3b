package link

import (
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// EventKind is a step of the exchange.
type EventKind uint8

// Steps of an exchange, in their order.
const (
	Connected    EventKind = iota + 1 // a connection is up and the drive knows
	Sent                              // a message was written; with faults injected, what was sent of it
	Received                          // bytes came, as they came
	Dropped                           // a reply that was not given to the drive, or that the drive refused
	Acknowledged                      // the drive took the confirmation
	Disconnected                      // the connection is closed and the drive knows
	Failed                            // the attempt ended with an error
	Injected                          // a fault point acted: what comes is its doing
)

var eventNames = [...]string{"", "connected", "sent", "received", "dropped", "acknowledged", "disconnected", "failed", "injected"}

// String is the name used in logs.
func (k EventKind) String() string { return eventNames[k] }

// Event is told to Options.Observer. Data are raw bytes with session headers; they
// are only valid during the call.
type Event struct {
	Kind EventKind
	At   time.Time
	FD   fiscal.FDNumber // of the document, or number of the notification; 0 between messages
	Data []byte          // Sent, Received, Dropped
	Code byte            // Acknowledged: the operator's code (tag 1022; transport.md 8.2)
	// Message is the operator's message of FFD 1.1 and 1.2 (tag 1206; transport.md
	// 8.3), Acknowledged only.
	Message byte
	Err     error  // Dropped, Failed
	Fault   string // Injected: name of the fault point
}

// Stage of an exchange where an error happened.
type Stage string

// Stages.
const (
	StageDrive   Stage = "drive"   // a command of the drive
	StageConnect Stage = "connect" // opening the connection
	StageSend    Stage = "send"    // writing the message
	StageAwait   Stage = "await"   // waiting for the receipt
	StageReply   Stage = "reply"   // what came is not a receipt
)

// Error is a failed attempt. The document stays in the drive's queue.
type Error struct {
	Stage Stage
	FD    fiscal.FDNumber // 0 when none was being sent
	Err   error
}

func (e *Error) Error() string {
	if e.FD == 0 {
		return fmt.Sprintf("link: %s: %v", e.Stage, e.Err)
	}
	return fmt.Sprintf("link: %s, document %d: %v", e.Stage, e.FD, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

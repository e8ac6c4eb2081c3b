package archive

import (
	"errors"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// bytes checks what the row's bytes say of themselves: lengths and check codes of
// both containers, whose they are, and the signs of the confirmation where the
// policy of the row has signs.
func (v *verifier) bytes(r *chain.Row, say func(Broken, string, ...any)) {
	if _, err := r.Plain(); err != nil {
		say(BrokenRecord, "the place of the plain document is not inside the message")
	}
	if len(r.Message) > 0 {
		var request wire.Container
		var err error = &wire.Error{Fault: fiscal.TruncatedContainer}
		if len(r.Message) >= wire.HeaderLen {
			request, _, err = wire.ParseContainer(r.Message[wire.HeaderLen:], wire.Lenient)
		}
		// A document taken in spite of a fault has it for good.
		if f := containerFault(err); f != fiscal.FaultNone && (!r.Fault.Valid || r.Fault.String != f.String()) {
			say(BrokenContainer, "message: %s", f)
		} else if f == fiscal.FaultNone && !v.belongs(r, &request) {
			say(BrokenContainer, "message: its container has another FN or FD")
		}
	}
	if r.Confirmed() {
		v.confirmation(r, say)
	}
}

// containerFault is the fault of a container that is no container; those of its
// making are settings of the bench.
func containerFault(err error) fiscal.Fault {
	var e *wire.Error
	if !errors.As(err, &e) {
		return fiscal.FaultNone
	}
	switch e.Fault {
	case fiscal.LengthMismatch, fiscal.TruncatedContainer, fiscal.BadContainerCRC:
		return e.Fault
	}
	return fiscal.FaultNone
}

func (v *verifier) belongs(r *chain.Row, c *wire.Container) bool {
	return c.FNBCD == fiscal.FNNumber(r.FN).BCD() && int64(c.FD) == r.FD
}

func (v *verifier) confirmation(r *chain.Row, say func(Broken, string, ...any)) {
	c, _, err := wire.ParseContainer(r.Confirmation, wire.Strict)
	if f := containerFault(err); f != fiscal.FaultNone {
		say(BrokenContainer, "confirmation: %s", f)
		return
	}
	if !v.belongs(r, &c) {
		say(BrokenContainer, "confirmation: its container has another FN or FD")
		return
	}
	if sign.Policy(r.Policy) != sign.PolicyTBGOST1 {
		return
	}
	ofd := v.o.OFD
	if !c.Encrypted() {
		if stlv, _, err := wire.SplitPayload(c.Payload()); err == nil {
			ofd = operatorOf(stlv, ofd)
		}
	}
	stlv, fpp, err := v.o.Scheme.Drive(fiscal.FNNumber(r.FN), 0).OpenAck(ofd, c)
	switch {
	case err != nil && c.Encrypted():
		say(BrokenSign, "confirmation: it cannot be decrypted for operator %s", ofd)
		return
	case err != nil:
		say(BrokenContainer, "confirmation: it cannot be taken apart")
		return
	case fpp != sign.OK:
		say(BrokenSign, "confirmation: ФПП (sign of the message) is %s", fpp)
	}
	fpo, err := v.o.Scheme.CheckFPO(ofd, stlv)
	switch {
	case err != nil:
		say(BrokenSign, "confirmation: it lacks what ФПО (1078) covers")
	case fpo != sign.OK:
		say(BrokenSign, "confirmation: ФПО (1078) is %s", fpo)
	}
}

// operatorOf reads 1017 of a confirmation.
func operatorOf(stlv []byte, otherwise fiscal.INN) fiscal.INN {
	if len(stlv) >= tlv.HeaderLen {
		if value, ok := tlv.Find(stlv[tlv.HeaderLen:], ffd.TagOFDINN); ok {
			if inn, err := fiscal.ParseINN(string(value)); err == nil {
				return inn
			}
		}
	}
	return otherwise
}

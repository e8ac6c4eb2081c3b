package mutants

import "fmt"

// signEdits make the coverage of every sign of an operator one that a switch shortens:
// "fpd-receipt-1012", "fpo-1040", "fps-fd", "fpp-stlv". The register's signs are made by
// the model, which is not edited.
var signEdits = []Edit{
	{"fiscal/sign/seal.go", `	"fmt"

`, `	"fmt"
	"os"

`},
	{"fiscal/sign/seal.go", `// seal makes a container:`, `// shortened is messageSign without the field that the switch names.
func shortened(sign string, k *gost.Kuznyechik, header, stlv []byte) (out [wire.SignLen]byte) {
	h, from, to := header[:wire.ContainerHeaderLen], 0, 0
	switch os.Getenv("FISCALBENCH_SWITCH") {
	case sign + "-type":
		from, to = 4, 5
	case sign + "-form":
		from, to = 5, 6
	case sign + "-version":
		from, to = 6, 7
	case sign + "-service":
		from, to = 7, 9
	case sign + "-fn":
		from, to = 9, 17
	case sign + "-fd":
		from, to = 17, 20
	case sign + "-nonce":
		from, to = 20, 25
	case sign + "-tail":
		from, to = 25, 30
	case sign + "-stlv-size":
		from, to = 30, 32
	case sign + "-stlv":
		stlv = nil
	}
	mac := k.MAC(h[wire.OffType:max(from, wire.OffType)], h[max(to, wire.OffType):], stlv)
	copy(out[:], messageMark[:])
	copy(out[len(messageMark):], mac[:])
	return out
}

// left are the tags that the switch leaves.
func left(sign string, tags []tlv.Tag) (all []tlv.Tag) {
	for _, t := range tags {
		if os.Getenv("FISCALBENCH_SWITCH") != fmt.Sprintf("%s-%d", sign, t) {
			all = append(all, t)
		}
	}
	return all
}

// seal makes a container:`},
	{"fiscal/sign/seal.go", `	sign := messageSign(msg, b, stlv)`, `	sign := shortened("fpp", msg, b, stlv)`},
	{"fiscal/sign/drive.go", `	want := messageSign(k, c.Raw, stlv)`, `	want := shortened("fps", k, c.Raw, stlv)`},
	{"fiscal/sign/fpo.go", `mac, _, found, err := macFields(k, fiscal.FormOperatorAck, coveredAck, body)`, `tags := left("fpo", coveredAck)
	mac, _, found, err := macFields(k, fiscal.FormOperatorAck, tags, body)`},
	{"fiscal/sign/fpo.go", `if found != len(coveredAck) {`, `if found != len(tags) {`},
	{"fiscal/sign/fpd.go", `	"fmt"
	"time"`, `	"fmt"
	"os"
	"time"`},
	{"fiscal/sign/fpd.go", `		return coveredRegistration
`, `		return left("fpd-registration", coveredRegistration)
`},
	{"fiscal/sign/fpd.go", `		return coveredShift
`, `		return left("fpd-shift", coveredShift)
`},
	{"fiscal/sign/fpd.go", `		return coveredState
`, `		return left("fpd-state", coveredState)
`},
	{"fiscal/sign/fpd.go", `		return coveredReceipt
`, `		return left("fpd-receipt", coveredReceipt)
`},
	{"fiscal/sign/fpd.go", `		return coveredClose
`, `		return left("fpd-close", coveredClose)
`},
	{"fiscal/sign/fpd.go", `	head := [2]byte{byte(form), byte(form >> 8)}
`, `	head := [2]byte{byte(form), byte(form >> 8)}
	if sw := os.Getenv("FISCALBENCH_SWITCH"); sw == "fpd-form" && form != fiscal.FormOperatorAck || sw == "fpo-form" && form == fiscal.FormOperatorAck {
		return k.MAC(raws[0], raws[1], raws[2], raws[3], raws[4], raws[5]), sign, found, nil
	}
`},
}

// operatorSigns are the signs that an operator checks (ФПД, ФПС) and makes (ФПО, ФПП),
// each with its coverage shortened by one field.
var operatorSigns = func() (all []Mutant) {
	add := func(id, sw, breaks, spec, by string) {
		all = append(all, Mutant{ID: id, Breaks: breaks, Spec: spec, Edits: signEdits, Switch: sw, By: []string{by}})
	}
	for _, g := range []struct {
		name, of, by string
		tags         []int
	}{
		{"registration", "registration reports", "O-001", []int{1012, 1017, 1018, 1037, 1040, 1041}},
		{"shift", "shift reports", "O-010", []int{1012, 1037, 1038, 1040, 1041}},
		{"state", "state reports", "F-P-09", []int{1012, 1037, 1040, 1041, 1097, 1098}},
		{"receipt", "receipts", "O-021", []int{1012, 1020, 1040, 1041, 1054}},
		{"close", "reports on closing the drive", "O-050", []int{1012, 1037, 1040, 1041}},
	} {
		for _, t := range g.tags {
			add(fmt.Sprintf("ФПД/%s/%d", g.name, t), fmt.Sprintf("fpd-%s-%d", g.name, t),
				fmt.Sprintf("The check of the document sign of %s leaves %d out.", g.of, t), "E-19 OPR-012", g.by)
		}
	}
	add("ФПД/form", "fpd-form", "The check of the document sign leaves the form code out.", "E-19 OPR-012", "O-001")
	for _, t := range []int{1012, 1017, 1040, 1041} {
		add(fmt.Sprintf("ФПО/%d", t), fmt.Sprintf("fpo-%d", t), fmt.Sprintf("The operator's sign leaves %d out.", t), "OPR-013", "O-001")
	}
	add("ФПО/form", "fpo-form", "The operator's sign leaves the form code out.", "OPR-013", "O-001")
	for _, f := range []struct{ name, text string }{{"type", "the type of the container"}, {"form", "the form in the header"}, {"version", "the version of the container"},
		{"service", "the service bytes"}, {"fn", "the drive's number in the header"}, {"fd", "the document's number in the header"}, {"nonce", "the nonce"},
		{"tail", "bytes 25 to 29"}, {"stlv-size", "the size of the document"}, {"stlv", "the document"}} {
		add("ФПС/"+f.name, "fps-"+f.name, "The check of the message sign leaves "+f.text+" out.", "E-13 OPR-012", "O-001")
		add("ФПП/"+f.name, "fpp-"+f.name, "The sign of the confirmation leaves "+f.text+" out.", "OPR-013 TRN-031", "O-001")
	}
	return append(all, signMistakes...)
}()

// signMistakes are mistakes with keys, shapes and encryption.
var signMistakes = []Mutant{
	edited("ФПО/key", "The operator's sign is made with the key of the messages.", "OPR-013", verifyFile,
		`operatorSign(s.operatorKey(r.OFD), doc.Value)`, `operatorSign(s.linkKeys(r.FN, r.OFD).msg, doc.Value)`, "O-001"),
	edited("ФПО/absent", "The confirmation has no operator's sign.", "OPR-041", verifyFile, `		b.Raw(ffd.TagFPO, fpo[:])`, `		_ = fpo`, "O-001"),
	edited("ФПП/short-trailer", "The confirmation ends without the two zero bytes.", "TRN-040", "fiscal/sign/seal.go", `	b = append(b, 0, 0)`, ``, "O-020"),
	edited("encryption/plain-answer", "The confirmation of an encrypted document is plain.", "TRN-100", verifyFile, `	if r.Request.Encrypted() {`, `	if false {`, "O-030", "O-001"),
	edited("encryption/key", "The confirmation is encrypted with the drive's key.", "TRN-100", verifyFile, `_, enc = keys.encryption()`, `enc, _ = keys.encryption()`, "O-030", "O-001"),
	edited("TRN-030/nonce", "The answer does not repeat bytes 20 to 24 of the request.", "TRN-030", verifyFile, `		Nonce: [5]byte(request.Raw[wire.OffNonce:wire.OffTail])}`, `	}`, "O-001"),
	edited("TRN-030/size", "The answer's header carries the size of the document.", "TRN-030", verifyFile, `	h.Type = r.Type`, `	h.Type, h.STLVSize = r.Type, uint16(len(stlv))`, "O-001"),
	edited("TRN-030/tail", "The answer repeats bytes 25 to 29 of the request.", "TRN-030", verifyFile, `	h.Type = r.Type`, `	h.Type, h.Tail = r.Type, [5]byte(r.Request.Raw[wire.OffTail:])`, "O-001"),
}

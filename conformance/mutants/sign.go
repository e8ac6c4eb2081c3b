package mutants

import "fmt"

// signing is one edit of what both ends sign with. The judge of a register has signs of
// its own (conformance/model), so only the register is changed by it.
func signing(file, before, after string) []Edit {
	return []Edit{{File: "fiscal/sign/" + file, Old: before, New: after}}
}

// uncovered leaves one tag out of the coverage of ФПД at a time (fiscal-sign.md 5.1). The
// list of a variable is ascending.
func uncovered() (all []Mutant) {
	for _, of := range []struct {
		variable, name string
		tags           []int
		by             string
	}{
		{"coveredRegistration", "registration", []int{1012, 1017, 1018, 1037, 1040, 1041}, "K-001"},
		{"coveredShift", "shift", []int{1012, 1037, 1038, 1040, 1041}, "D-042"},
		{"coveredState", "state", []int{1012, 1037, 1040, 1041, 1097, 1098}, "D-042"},
		{"coveredReceipt", "receipt", []int{1012, 1020, 1040, 1041, 1054}, "D-042"},
		{"coveredClose", "close", []int{1012, 1037, 1040, 1041}, "D-042"},
	} {
		for i, tag := range of.tags {
			all = append(all, Mutant{
				ID:     fmt.Sprintf("fpd/%s-without-%d", of.name, tag),
				Breaks: fmt.Sprintf("ФПД of form «%s» does not cover %d.", of.name, tag), Spec: "K-001", By: []string{of.by},
				Edits: signing("fpd.go", "\t\treturn "+of.variable+"\n", fmt.Sprintf("\t\treturn append(append([]tlv.Tag{}, %s[:%d]...), %s[%d:]...)\n", of.variable, i, of.variable, i+1)),
			})
		}
	}
	return append(all, Mutant{ID: "fpd/without-form", Breaks: "ФПД does not cover the form.", Spec: "K-001", By: []string{"K-001", "D-042"},
		Edits: signing("fpd.go", "head := [2]byte{byte(form), byte(form >> 8)}", "head := [2]byte{}")})
}

// uncoveredMessages leaves one part of header and document out of the coverage of ФПС, and
// of that by which the drive checks ФПП (fiscal-sign.md 5.2, 5.3).
func uncoveredMessages() (all []Mutant) {
	for _, p := range []struct{ name, parts string }{
		{"type", "%[1]s[5:32], stlv"},
		{"form", "%[1]s[4:5], %[1]s[6:32], stlv"},
		{"version", "%[1]s[4:6], %[1]s[7:32], stlv"},
		{"service", "%[1]s[4:7], %[1]s[9:32], stlv"},
		{"fn", "%[1]s[4:9], %[1]s[17:32], stlv"},
		{"fd", "%[1]s[4:17], %[1]s[20:32], stlv"},
		{"nonce", "%[1]s[4:20], %[1]s[25:32], stlv"},
		{"tail", "%[1]s[4:25], %[1]s[30:32], stlv"},
		{"size", "%[1]s[4:30], stlv"},
		{"document-header", "%[1]s[4:32], stlv[4:]"},
		{"document", "%[1]s[4:32], stlv[:4]"},
		{"last-field", "%[1]s[4:32], stlv[:len(stlv)-1]"},
	} {
		all = append(all, Mutant{
			ID: "fps/without-" + p.name, Breaks: "ФПС does not cover a part of the message: " + p.name + ".", Spec: "K-001", By: []string{"K-001", "D-030"},
			Edits: signing("seal.go", "\tsign := messageSign(msg, b, stlv)\n", "\tmac := msg.MAC("+fmt.Sprintf(p.parts, "b")+")\n\tsign := [wire.SignLen]byte{messageMark[0], messageMark[1]}\n\tcopy(sign[2:], mac[:])\n")}, Mutant{
			ID: "fpp/without-" + p.name, Breaks: "The drive does not want ФПП to cover a part of the confirmation: " + p.name + ".", Spec: "K-020", By: []string{"K-020", "D-030"},
			Edits: signing("drive.go", "\twant := messageSign(k, c.Raw, stlv)\n", "\tmac := k.MAC("+fmt.Sprintf(p.parts, "c.Raw")+")\n\twant := [wire.SignLen]byte{messageMark[0], messageMark[1]}\n\tcopy(want[2:], mac[:])\n")})
	}
	return all
}

// signs are other mutants of signs, keys and containers (fiscal-sign.md 5, transport.md 4).
var signs = []Mutant{
	{ID: "fpd/mark", Spec: "K-001", By: []string{"D-021", "D-042"}, Breaks: "1077 begins with other bytes than 21 04.",
		Edits: signing("fpd.go", "\tcopy(fpd[:], fpdMark[:])\n\tcopy(fpd[len(fpdMark):], mac[:])", "\tfpd[0], fpd[1] = 0x31, 0x04\n\tcopy(fpd[len(fpdMark):], mac[:])")},
	{ID: "fpd/other-bytes-of-mac", Spec: "K-001", By: []string{"K-001", "D-042"}, Breaks: "ФПД is made of the last bytes of its MAC.",
		Edits: signing("fpd.go", "\tcopy(fpd[:], fpdMark[:])\n\tcopy(fpd[len(fpdMark):], mac[:])", "\tcopy(fpd[:], fpdMark[:])\n\tcopy(fpd[len(fpdMark):], mac[12:])")},
	{ID: "fps/mark", Spec: "K-001", By: []string{"K-001", "D-042"}, Breaks: "ФПС begins with other bytes than 81 06.",
		Edits: signing("seal.go", "\tsign := messageSign(msg, b, stlv)\n", "\tsign := messageSign(msg, b, stlv)\n\tsign[0] = 0x80\n")},
	{ID: "fps/trailer", Spec: "TRN-040", By: []string{"D-042"}, Breaks: "The two bytes after ФПС are not zero.",
		Edits: signing("seal.go", "\tb = append(b, 0, 0)\n", "\tb = append(b, 0, 1)\n")},
	{ID: "fps/encrypted-sign", Spec: "TRN-100", By: []string{"D-030"}, Breaks: "ФПС of an encrypted message is made over the encrypted data.",
		Edits: signing("seal.go", "\t\tenc.CTR([8]byte(b[ivOffset:ivEnd]), body, body)\n\t}\n\twire.", "\t\tenc.CTR([8]byte(b[ivOffset:ivEnd]), body, body)\n\t\tlate := messageSign(msg, b, body[:len(stlv)])\n\t\tcopy(body[len(stlv):], late[:])\n\t}\n\twire.")},
	{ID: "fps/not-encrypted", Spec: "TRN-100", By: []string{"K-001", "D-030"}, Breaks: "An encrypted message is not encrypted.",
		Edits: signing("seal.go", "\tif enc != nil {\n\t\tbody", "\tif enc != nil && len(b) == 0 {\n\t\tbody")},
	{ID: "fps/encryption-bit", Spec: "TRN-100", By: []string{"K-001", "D-030"}, Breaks: "An encrypted message does not say so.",
		Edits: signing("drive.go", "\t\th.Service[0] |= encryptedFlag\n", "")},
	{ID: "fps/keys-of-the-other-way", Spec: "TRN-100", By: []string{"K-001", "D-030"}, Breaks: "Messages are encrypted by the key of the answers.",
		Edits: signing("drive.go", "\t\tenc, _ = keys.encryption()\n\t\th.Service", "\t\t_, enc = keys.encryption()\n\t\th.Service")},
	{ID: "fps/nonce", Spec: "K-083", By: []string{"D-042"}, Breaks: "Every message has the same nonce.",
		Edits: signing("seal.go", "binary.LittleEndian.PutUint32(number[:], uint32(fd))", "binary.LittleEndian.PutUint32(number[:], uint32(fd)*0)")},
	{ID: "fps/service-bytes", Spec: "K-021", By: []string{"D-042"}, Breaks: "The service bytes of a message are zero.",
		Edits: signing("drive.go", "Service: drivesService, FN: d.fn.BCD(), FD: fd,", "FN: d.fn.BCD(), FD: fd,")},
	{ID: "fps/tail", Spec: "K-021", By: []string{"D-042"}, Breaks: "Bytes 25 to 29 of a message are zero.",
		Edits: signing("drive.go", "Nonce: nonce(keys.msg, fd), Tail: drivesTail, STLVSize", "Nonce: nonce(keys.msg, fd), STLVSize")},
	{ID: "fps/size", Spec: "K-021", By: []string{"K-001", "D-030"}, Breaks: "Bytes 30 and 31 of a message give the size without the header of the STLV.",
		Edits: signing("drive.go", "Tail: drivesTail, STLVSize: uint16(len(stlv))}\n\tvar enc", "Tail: drivesTail, STLVSize: uint16(len(stlv) - 4)}\n\tvar enc")},
	{ID: "fps/first-operator", Spec: "FN-013", By: []string{"D-034"}, Breaks: "After a change of operator messages are under the key of the one before.",
		Edits: drive("document.go", "doc.container, err = d.signer.Seal(form, fiscal.FDNumber(doc.fd), reg.OFD,", "doc.container, err = d.signer.Seal(form, fiscal.FDNumber(doc.fd), append(d.st.Regs[:len(d.st.Regs):len(d.st.Regs)], *reg)[0].OFD,")},
	{ID: "fpp/first-operator", Spec: "FN-013", By: []string{"D-034"}, Breaks: "After a change of operator confirmations are checked with the key of the one before.",
		Edits: drive("ack.go", "return d.signer.OpenAck(d.reg().OFD, c)", "return d.signer.OpenAck(d.st.Regs[0].OFD, c)")},
	{ID: "fpp/short", Spec: "K-090", By: []string{"D-031"}, Breaks: "Only the first bytes of ФПП are checked.",
		Edits: signing("drive.go", "if !gost.Equal(trailer[:wire.SignLen], want[:]) {", "if !gost.Equal(trailer[:4], want[:4]) {")},
	{ID: "fpp/mark", Spec: "K-090", By: []string{"D-031"}, Breaks: "The two bytes before ФПП may be anything.",
		Edits: signing("drive.go", "if !gost.Equal(trailer[:wire.SignLen], want[:]) {", "if !gost.Equal(trailer[2:wire.SignLen], want[2:wire.SignLen]) {")},
	{ID: "fpa/coverage", Spec: "K-042", By: []string{"D-048"}, Breaks: "The archive sign does not cover the header of the document.",
		Edits: signing("drive.go", ".MAC(stlv)\n", ".MAC(stlv[4:])\n")},
	{ID: "fpk/bit", Spec: "TRN-110", By: []string{"K-110", "D-055"}, Breaks: "Requests and notifications about codes have a wrong bit in their sign.",
		Edits: signing("marking.go", "STLVSize: uint16(len(stlv))}\n\treturn seal(&h, stlv, m.key, nil), nil\n", "STLVSize: uint16(len(stlv))}\n\tc := seal(&h, stlv, m.key, nil)\n\tc[len(c)-3] ^= 1\n\twire.FinishContainer(c)\n\treturn c, nil\n")},
	{ID: "container/crc", Spec: "K-021", By: []string{"K-001", "D-030"}, Breaks: "The check code of a container covers its own field as zeros.",
		Edits: []Edit{{File: "fiscal/wire/container.go", Old: "binary.LittleEndian.PutUint16(b[OffCRC:], containerCRC(b))", New: "binary.LittleEndian.PutUint16(b[OffCRC:], fiscal.CRC16(b))"}}},
	{ID: "container/type", Spec: "K-021", By: []string{"K-001", "D-042"}, Breaks: "A drive's container has type 00.",
		Edits: []Edit{{File: "fiscal/wire/container.go", Old: "dst = append(dst, 0, 0, 0, 0, t, byte(h.Form), 0x01,", New: "dst = append(dst, 0, 0, 0, 0, t-TypeFN, byte(h.Form), 0x01,"}}},
	{ID: "container/version", Spec: "K-021", By: []string{"K-001", "D-042"}, Breaks: "A drive's container has version 2.",
		Edits: []Edit{{File: "fiscal/wire/container.go", Old: "t, byte(h.Form), 0x01,", New: "t, byte(h.Form), 0x02,"}}},
	{ID: "container/fd-low-byte-first", Spec: "K-081", By: []string{"K-001", "D-030"}, Breaks: "The document number in the header stands low byte first.",
		Edits: []Edit{{File: "fiscal/wire/container.go", Old: "dst = append(dst, byte(h.FD>>16), byte(h.FD>>8), byte(h.FD))", New: "dst = append(dst, byte(h.FD), byte(h.FD>>8), byte(h.FD>>16))"}}},
	{ID: "session/p-version", Spec: "TRN-012", By: []string{"K-022"}, Breaks: "Every session header has the P-version of FFD 1.05.",
		Edits: []Edit{{File: "fiscal/wire/write.go", Old: "PVersion: PVersionFor(v),", New: "PVersion: PVersionFor(fiscal.FFD105),"}}},
	{ID: "session/length", Spec: "K-021", By: []string{"K-001"}, Breaks: "The length of a session header counts the header.",
		Edits: []Edit{{File: "fiscal/wire/write.go", Old: "h.BodyLen, h.CRC = uint16(len(body)), 0", New: "h.BodyLen, h.CRC = uint16(len(body)+HeaderLen), 0"}}},
	{ID: "session/flags", Spec: "K-021", By: []string{"T-014"}, Breaks: "The session header does not say that an answer is awaited.",
		Edits: []Edit{{File: "fiscal/wire/write.go", Old: "FN: fn.Padded(), Flags: FlagsContainer}", New: "FN: fn.Padded(), Flags: FlagsContainer &^ 0x30}"}}},
}

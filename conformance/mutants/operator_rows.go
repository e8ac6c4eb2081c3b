package mutants

// edited is a mutant that is one edit of a file.
func edited(id, breaks, spec, file, before, after string, by ...string) Mutant {
	return Mutant{ID: id, Breaks: breaks, Spec: spec, Edits: []Edit{{file, before, after}}, By: by}
}

// answering is a mutant that is one setting of the operator.
func answering(id, breaks, spec, name, value string, by ...string) Mutant {
	return Mutant{ID: id, Breaks: breaks, Spec: spec, Settings: map[string]string{name: value}, By: by}
}

const (
	headerFile    = "fiscal/wire/header.go"
	decoderFile   = "fiscal/wire/decoder.go"
	containerFile = "fiscal/wire/container.go"
	documentFile  = "server/intake/document.go"
	verdictFile   = "server/intake/verdict.go"
	exchangeFile  = "server/intake/exchange.go"
	connFile      = "server/intake/conn.go"
	limitsFile    = "server/intake/limits.go"
	settingsFile  = "server/intake/settings.go"
	rowsFile      = "server/intake/faults.go"
	ackFile       = "server/ack/ack.go"
	verifyFile    = "fiscal/sign/verify.go"
)

// frameRows are rows E-01 to E-10: what a message must be before anything in it counts.
var frameRows = []Mutant{
	edited("E-01/unchecked", "A message with an unknown signature is taken.", "E-01", headerFile,
		`		return h, nil, fault(fiscal.BadSessionSignature, offSignature, "2a08410a or dd80caa1", "%x", h.Signature)`, "", "O-070"),
	answering("E-01/hold", "An unknown signature leaves the connection open and silent.", "E-01", "bad_session_signature", "hold", "O-070"),
	edited("E-02/unchecked", "A message with an unknown S-version is taken.", "E-02", headerFile, `if h.SVersion != SVersionOFD {`, `if h.SVersion == (SVersion{}) {`, "O-071"),
	edited("E-02/marking-unchecked", "A message about marking with an unknown S-version is taken.", "E-02", headerFile,
		`if h.SVersion != SVersionMarking && h.SVersion != SVersionKeyUpdate && h.SVersion != SVersionProbe {`, `if h.SVersion == (SVersion{}) {`, "O-208"),
	answering("E-02/hold", "An unknown S-version leaves the connection open and silent.", "E-02", "bad_s_version", "hold", "O-071"),
	edited("E-03/unchecked", "A message with an unknown P-version is taken.", "E-03", headerFile,
		`return nil, fault(fiscal.BadPVersion, offPVersion, "0100, 0001, 0002, 0105, 0110 or 0120", "%x", v)`, `return nil, nil`, "O-072"),
	answering("E-03/lenient", "The strict profile takes P-versions 01 01 and 01 02.", "E-03 TRN-012", "bad_p_version", "accept", "O-208"),
	answering("E-03/hold", "An unknown P-version leaves the connection open and silent.", "E-03", "bad_p_version", "hold", "O-072"),
	edited("TRN-010/none", "P-version 01 10 is not known.", "TRN-010", headerFile, `{0x01, 0x05}, {0x01, 0x10}, {0x01, 0x20}}`, `{0x01, 0x05}, {0x01, 0x20}}`, "O-006"),
	edited("E-04/reserved", "Reserved flags are not looked at.", "E-04", headerFile, `case f&flagsReserved != 0:`, `case false:`, "O-073"),
	edited("E-04/client-ability", "Forbidden values of the client's ability are taken.", "E-04", headerFile, `case f>>4&3 > 1:`, `case false:`, "O-073"),
	edited("E-04/crc-mode", "The forbidden mode of the check code is taken.", "E-04", headerFile, `case f.CRCMode() == 3:`, `case false:`, "O-073"),
	edited("E-04/empty-container", "The container bit is taken with an empty body.", "E-04 TRN-091", headerFile, `case f.HasContainer() && h.BodyLen == 0:`, `case false:`, "O-079"),
	edited("E-04/no-container-bit", "A body is taken without the container bit.", "E-04 TRN-091", headerFile, `case !f.HasContainer() && h.BodyLen > 0:`, `case false:`, "O-208"),
	answering("E-04/hold", "Forbidden flags leave the connection open and silent.", "E-04", "bad_flags", "hold", "O-073"),
	edited("E-05/mode-1", "The check code of the header is not compared.", "E-05", headerFile, `h.Flags.CRCMode() == CRCHeader`, `false`, "O-074"),
	edited("E-05/mode-2", "The check code of the whole message is not compared.", "E-05", decoderFile, `m.Header.Flags.CRCMode() == CRCWhole`, `false`, "O-074"),
	edited("E-05/mode-2-header-only", "The check code of mode 2 does not cover the body.", "E-05 TRN-020", decoderFile,
		`fiscal.CRC16(m.Raw[:offCRC], m.Body())`, `fiscal.CRC16(m.Raw[:offCRC])`, "O-024"),
	answering("E-05/hold", "A wrong session check code leaves the connection open and silent.", "E-05", "bad_session_crc", "hold", "O-074"),
	edited("E-06/unchecked", "A body of any length is waited for.", "E-06 TRN-050", decoderFile, `if int(d.header.BodyLen) > limit {`, `if false {`, "O-105"),
	edited("E-06/one-more", "A body one byte too long is waited for.", "E-06 TRN-050", decoderFile, `if int(d.header.BodyLen) > limit {`, `if int(d.header.BodyLen) > limit+1 {`, "O-105"),
	edited("E-06/one-less", "The longest body is refused.", "TRN-050", decoderFile, `if int(d.header.BodyLen) > limit {`, `if int(d.header.BodyLen) >= limit {`, "O-027"),
	answering("E-06/form-unchecked", "Reports may be as long as receipts.", "E-06 TRN-050", "form_length", "any", "F-S-03"),
	answering("E-06/hold", "A body that is too long leaves the connection open and silent.", "E-06", "oversize", "hold", "O-105"),
	edited("E-07/hold", "Half a message leaves the connection open and silent.", "E-07", connFile, `if c.in.frameFault(ctx, c, e) == thenHold {`, `if c.in.frameFault(ctx, c, e) == thenHold || e.Fault == fiscal.IncompleteBody {`, "O-114"),
	edited("E-07/patient", "A peer silent inside a message is waited for as long as between messages.", "E-07 TRN-064", limitsFile,
		`set(&t.Silence, 30*time.Second)`, `set(&t.Silence, 120*time.Second)`, "O-209"),
	answering("E-08/lenient", "The strict profile takes a container length that leaves the header out.", "E-08", "length_mismatch", "accept", "O-208"),
	edited("E-08/unchecked", "The container length is not compared.", "E-08", containerFile, `case int(c.Length) == len(b):`, `case c.Length > 0 || p == Strict:`, "O-208"),
	answering("E-08/hold", "A wrong container length leaves the connection open and silent.", "E-08", "length_mismatch", "hold", "O-076"),
	edited("E-09/unchecked", "The check code of the container is not compared.", "E-09", containerFile, `if want := containerCRC(b); c.CRC != want {`, `if want := containerCRC(b); c.CRC == want && false {`, "O-075"),
	answering("E-09/hold", "A wrong check code of the container leaves the connection open and silent.", "E-09", "bad_container_crc", "hold", "O-075"),
	edited("E-10/type", "The type of the container is not looked at.", "E-10", containerFile, `if c.Type != TypeFN && c.Type != TypeOFD {`, `if false {`, "O-077"),
	edited("E-10/version", "The version of the container is not looked at.", "E-10", containerFile, `if c.Version>>4 != 0 {`, `if false {`, "O-077"),
	edited("E-10/only-a5", "A container of type 5A is refused.", "E-10", containerFile, `if c.Type != TypeFN && c.Type != TypeOFD {`, `if c.Type != TypeFN {`, "O-078"),
	answering("E-10/hold-type", "A wrong type of container leaves the connection open and silent.", "E-10", "bad_container_type", "hold", "O-077"),
	answering("E-10/hold-version", "A wrong version of container leaves the connection open and silent.", "E-10", "bad_container_version", "hold", "O-077"),
	answering("TRN-051/hold", "A container shorter than its header leaves the connection open and silent.", "TRN-051", "truncated_container", "hold", "O-107"),
	edited("TRN-040/longer", "A trailer of nine bytes, or one that does not end in zeros, is taken.", "TRN-040", containerFile,
		`case len(rest) == TrailerLen && rest[8] == 0 && rest[9] == 0:`, `case len(rest) >= SignLen:`, "O-208"),
	edited("TRN-040/short-refused", "A trailer of eight bytes is refused.", "TRN-040", containerFile, `	case len(rest) == SignLen:
	case`, `	case`, "O-211"),
	answering("TRN-040/hold", "A wrong trailer leaves the connection open and silent.", "TRN-040", "bad_trailer", "hold", "O-208"),
}

// documentRows are rows E-11 to E-26: what the document must be.
var documentRows = []Mutant{
	edited("E-11/container", "The number in the container header is not compared.", "E-11", documentFile, `if c.FNBCD != fn.BCD() {`, `if false {`, "O-085"),
	edited("E-11/document", "The number in tag 1041 is not compared.", "E-11", documentFile,
		`if !bytes.Equal(bytes.TrimRight(v, " "), bytes.TrimRight(want[:], " ")) {`, `if bytes.Equal(v, nil) && len(want) == 0 {`, "O-086"),
	answering("E-11/hold", "Numbers that disagree leave the connection open and silent.", "E-11", "fn_number_mismatch", "hold", "O-085", "O-086"),
	edited("E-11/untold", "A message of another drive is refused and nobody is told.", "E-11", rowsFile,
		`allowed: frameActions, keep: keepQuarantine,
		incident: "номер ФН`, `allowed: frameActions, keep: keepLog,
		incident: "номер ФН`, "O-085", "O-086"),
	edited("E-12/unrefused", "The setting that refuses unknown drives does nothing.", "E-12", documentFile, `case a.refuses():
			return fiscal.UnknownFN, ""`, `case a.refuses():`, "O-087"),
	edited("E-12/unflagged", "The setting that gives unknown drives code 14 does nothing.", "E-12", documentFile, `			p.fault(fiscal.UnknownFN)`, ``, "O-087"),
	answering("E-12/close", "Unknown drives are refused by default.", "E-12", "unknown_fn", "close", "O-001"),
	answering("E-12/code14", "Unknown drives get code 14 by default.", "E-12", "unknown_fn", "code14", "O-001"),
	edited("E-12/untold", "Nobody is told of an unknown drive that gets code 14.", "E-12", rowsFile, `keep: keepIncident,
		incident: "сообщение неизвестного ФН"},`, `keep: keepIncident},`, "O-087"),
	edited("E-13/unchecked", "The message sign is not checked.", "E-13 OPR-012", documentFile,
		`case p.opened.FPS == sign.Bad || p.opened.FPS == sign.Absent && p.treatment.Checked:`, `case false:`, "O-095", "O-097"),
	answering("E-13/code11", "A wrong message sign gets code 11.", "E-13", "bad_message_sign", "code11", "O-095"),
	answering("E-13/hold", "A wrong message sign leaves the connection open and silent.", "E-13", "bad_message_sign", "hold", "O-095"),
	answering("E-13/no-policy", "No sign of any drive is checked.", "E-13 OPR-012", "policy", "accept-unverifiable", "O-095", "O-096"),
	edited("E-13/untold", "A message with a wrong sign is not kept apart.", "E-13", rowsFile,
		`allowed: []Action{Close, Code11, Hold}, keep: keepQuarantine,
		incident: "неверный ФПС"`, `allowed: []Action{Close, Code11, Hold}, keep: keepIncident,
		incident: "неверный ФПС"`, "O-095"),
	edited("E-13/five-bytes", "Only five of the six bytes of the message sign are compared.", "E-13", "fiscal/sign/drive.go",
		`if !gost.Equal(trailer[:wire.SignLen], want[:]) {`, `if !gost.Equal(trailer[:wire.SignLen-1], want[:wire.SignLen-1]) {`, "O-095"),
	edited("E-13/no-mark", "The service bytes before the message sign are not compared.", "E-13", "fiscal/sign/drive.go",
		`if !gost.Equal(trailer[:wire.SignLen], want[:]) {`, `if !gost.Equal(trailer[2:wire.SignLen], want[2:]) {`, "O-210"),
	answering("E-14/blind", "What cannot be read is confirmed.", "E-14 TRN-101", "encrypted_unreadable", "blind", "O-101"),
	edited("E-14/unseen", "The setting that confirms what cannot be read does nothing.", "E-14 TRN-101", documentFile,
		`case err != nil && faultOf(err) == fiscal.EncryptedUnreadable && s.Action(fiscal.EncryptedUnreadable) == Blind:`, `case false:`, "O-101"),
	answering("E-14/hold", "What cannot be read leaves the connection open and silent.", "E-14", "encrypted_unreadable", "hold", "O-101"),
	edited("E-14/untold", "What cannot be read is refused and nobody is told.", "E-14", verdictFile,
		`		err = in.o.Store.AddIncident(ctx, store.Incident{At: x.at, FN: x.fn, FD: x.fd, Fault: f, Text: text})`, ``, "O-101"),
	edited("E-15/unchecked", "The form in the container header is not compared.", "E-15", documentFile, `case d.Form != x.form:`, `case false:`, "O-037"),
	answering("E-15/confirm", "A form that disagrees is confirmed as clean.", "E-15", "data_type_mismatch", "confirm", "O-037"),
	answering("E-15/code14", "A form that disagrees gets code 14.", "E-15", "data_type_mismatch", "code14", "O-037"),
	answering("E-15/close", "A form that disagrees is refused.", "E-15", "data_type_mismatch", "close", "O-037"),
	edited("E-16/unchecked", "A broken document and one of an unknown form are judged as if they were whole.", "E-16", documentFile,
		`case broken != nil || !registerForm(d.Form):`, `case false:`, "O-098", "F-S-01"),
	answering("E-16/confirm", "A document that cannot be parsed is confirmed as clean.", "E-16", "unparseable_document", "confirm", "O-098", "F-S-01"),
	answering("E-16/code14", "A document that cannot be parsed gets code 14.", "E-16", "unparseable_document", "code14", "O-098"),
	answering("E-16/close", "A document that cannot be parsed is refused.", "E-16", "unparseable_document", "close", "O-098"),
	edited("E-16/unsigned", "What cannot be split counts as a document that cannot be parsed, whatever its sign.", "E-16 E-13", documentFile,
		`case err != nil && faultOf(err) == fiscal.UnparseableDocument && !p.treatment.Checked:`, `case err != nil && faultOf(err) == fiscal.UnparseableDocument:`, "O-102"),
	edited("E-17/unchecked", "The number in the container header is not compared with tag 1040.", "E-17", documentFile,
		`err == nil && fiscal.FDNumber(n) != x.fd {`, `err == nil && n == 0 {`, "O-092"),
	answering("E-17/hold", "Document numbers that disagree leave the connection open and silent.", "E-17", "fd_number_mismatch", "hold", "O-092"),
	edited("E-17/untold", "A document under another number is refused and nobody is told.", "E-17", rowsFile,
		`allowed: frameActions, keep: keepQuarantine,
		incident: "номер ФД`, `allowed: frameActions, keep: keepLog,
		incident: "номер ФД`, "O-092"),
	answering("E-18/confirm", "Failed format control is confirmed as clean.", "E-18", "flk_failed", "confirm", "O-036", "F-M-03"),
	answering("E-18/code11", "Failed format control gets code 11.", "E-18", "flk_failed", "code11", "O-036", "F-M-03"),
	answering("E-18/close", "Failed format control is refused.", "E-18", "flk_failed", "close", "O-036", "F-M-03"),
	edited("E-19/unchecked", "The document sign is not checked.", "E-19", documentFile,
		`if p.treatment.Checked && (v == sign.Bad || v == sign.BadFormat) {`, `if false {`, "O-096"),
	answering("E-19/confirm", "A wrong document sign is confirmed as clean.", "E-19", "bad_fpd", "confirm", "O-096"),
	answering("E-19/code11", "A wrong document sign gets code 11.", "E-19", "bad_fpd", "code11", "O-096"),
	answering("E-19/close", "A wrong document sign is refused.", "E-19", "bad_fpd", "close", "O-096"),
	edited("E-19/untold", "Nobody is told of a wrong document sign.", "E-19", rowsFile, `allowed: documentActions, incident: "неверный ФПД"}`, `allowed: documentActions}`, "O-096"),
	edited("E-19/shape", "A document sign of a wrong shape counts as right.", "E-19", documentFile,
		`if p.treatment.Checked && (v == sign.Bad || v == sign.BadFormat) {`, `if p.treatment.Checked && v == sign.Bad {`, "O-210"),
	edited("E-19/three-bytes", "Only three of the four bytes of the document sign are compared.", "E-19", verifyFile,
		`if !gost.Equal(got[len(fpdMark):], mac[:fpdLen-len(fpdMark)]) {`, `if !gost.Equal(got[len(fpdMark):fpdLen-1], mac[:fpdLen-len(fpdMark)-1]) {`, "O-210"),
	answering("E-20/close", "A document sent again is refused.", "E-20", "duplicate_same", "close", "O-088"),
	edited("E-20/formed-anew", "A document sent again gets a confirmation formed anew.", "E-20", verdictFile,
		`if doc.Confirmation == nil { // none`, `if doc.ReceivedAt = x.at.Add(time.Second); true { // none`, "O-088"),
	edited("E-20/too-strict", "A document sent again counts as another one.", "E-20", verdictFile, `if !sameDocument(x, p, stored) {`, `if true {`, "O-088"),
	{ID: "E-20/session-header", Breaks: "A document sent again under another session header is another one.", Spec: "E-20 TRN-060", By: []string{"O-211"}, Edits: []Edit{
		{verdictFile, `if bytes.Equal(before, now) {`, `if bytes.Equal(stored.Message, x.message.Raw) {`},
		{verdictFile, `return len(stored.STLV) > 0 && bytes.Equal(stored.STLV`, `return bytes.Equal(before, now) && len(stored.STLV) == 0 && bytes.Equal(stored.STLV`}}},
	edited("E-21/unchecked", "Any document under a known number counts as the same.", "E-21", verdictFile, `if !sameDocument(x, p, stored) {`, `if false {`, "O-089"),
	answering("E-21/code11", "A second document under one number gets code 11.", "E-21", "duplicate_other", "code11", "O-089"),
	answering("E-21/hold", "A second document under one number leaves the connection open and silent.", "E-21", "duplicate_other", "hold", "O-089"),
	edited("E-21/untold", "A second document under one number is not kept apart.", "E-21", rowsFile,
		`allowed: []Action{Close, Code11, Hold}, keep: keepQuarantine, incident: "два`, `allowed: []Action{Close, Code11, Hold}, keep: keepIncident, incident: "два`, "O-089"),
	answering("E-22/code14", "A document after a gap gets code 14.", "E-22", "fd_gap", "code14", "O-090"),
	answering("E-22/close", "A document after a gap is refused.", "E-22", "fd_gap", "close", "O-090"),
	edited("E-22/unseen", "A gap is not recorded.", "E-22", "server/flk/check.go", `h.Gaps = addGap(h.Gaps, from, to, c.arrival.At)
			c.fault`, `c.fault`, "O-090", "O-052"),
	edited("E-22/no-alarm", "Nobody is told of a gap that stays open.", "E-22", "server/watch.go", `if now.Sub(g.Since) > GapAlarm {`, `if false {`, "O-090"),
	edited("E-22/early-alarm", "People are told of a gap after 22 hours.", "E-22", "server/watch.go", `if now.Sub(g.Since) > GapAlarm {`, `if now.Sub(g.Since) > GapAlarm-2*time.Hour {`, "O-090"),
	edited("E-22/late-alarm", "People are told of a gap after 26 hours.", "E-22", "server/watch.go", `if now.Sub(g.Since) > GapAlarm {`, `if now.Sub(g.Since) > GapAlarm+2*time.Hour {`, "O-090"),
	{ID: "E-22/alarm-again", Breaks: "People are told of one gap again and again.", Spec: "E-22", By: []string{"O-090", "O-046"}, Edits: []Edit{
		{"server/watch.go", `if _, done := s.watch.raised[key]; done {`, `if key == "" {`}, {"server/watch.go", `	case there:
		s.remember(key)`, `	case there && text == "":
		s.remember(key)`}}},
	edited("E-22/alarm-after-restart", "After a restart people are told of a gap once more.", "E-22", "server/watch.go", `	case there:
		s.remember(key)`, `	case there && text == "":
		s.remember(key)`, "O-206"),
	answering("E-23/code14", "A late document gets code 14.", "E-23", "fd_back", "code14", "O-091"),
	answering("E-23/close", "A late document is refused.", "E-23", "fd_back", "close", "O-091"),
	edited("E-23/stays-open", "A gap that was filled stays.", "E-23", "server/flk/check.go", `		h.Gaps, _ = fillGap(h.Gaps, c.fd)`, ``, "O-091"),
	edited("E-23/closes-all", "A late document closes the whole gap.", "E-23", "server/flk/gap.go", `	if fd < g.To {
		out`, `	if fd == 0 {
		out`, "O-091"),
	edited("E-24/unchecked", "A drive may begin with any document.", "E-24", "server/flk/check.go", `c.fault(fiscal.NotRegisteredFirst)`, ``, "O-003"),
	answering("E-24/confirm", "A drive that begins without a registration is confirmed as clean.", "E-24", "not_registered_first", "confirm", "O-003"),
	answering("E-24/close", "A drive that begins without a registration is refused.", "E-24", "not_registered_first", "close", "O-003"),
	edited("E-25/unchecked", "Documents after the report on closing the drive are as good as any.", "E-25", "server/flk/check.go",
		`if c.old.ClosedFD == 0 || c.fd < c.old.ClosedFD || c.doc.Form == fiscal.FormCurrentStateReport {`, `if c.fd > 0 {`, "O-051"),
	edited("E-25/state-reports", "A state report after the closing of the drive gets the mark of failed control.", "E-25", "server/flk/check.go",
		`c.fd < c.old.ClosedFD || c.doc.Form == fiscal.FormCurrentStateReport {`, `c.fd < c.old.ClosedFD {`, "O-051"),
	answering("E-25/close", "Documents after the closing of the drive are refused.", "E-25", "after_close", "close", "O-051"),
	edited("E-25/untold", "Nobody is told of documents after the closing of the drive.", "E-25", rowsFile, `allowed: documentActions, incident: "документ после закрытия ФН"}`, `allowed: documentActions}`, "O-051"),
	edited("E-26/unchecked", "The operator in the registration is not looked at.", "E-26", "server/flk/registration.go",
		`if r.Carried&offline != 0 || r.OFD == "" || r.OFD == c.arrival.OFD {`, `if c.fd > 0 {`, "O-005", "O-041"),
	answering("E-26/close", "A registration with another operator is refused.", "E-26", "ofd_mismatch", "close", "O-041"),
	edited("E-26/untold", "Nobody is told of a registration with another operator.", "E-26", rowsFile, `
		incident: "в отчете о регистрации указан другой ОФД"},`, `},`, "O-005"),
}

package mutants

const (
	checkFile   = "server/flk/check.go"
	shiftFile   = "server/flk/shift.go"
	regFile     = "server/flk/registration.go"
	historyFile = "server/flk/history.go"
	encodeFile  = "server/flk/encode.go"
	keysFile    = "server/flk/keys.go"
	markingFile = "server/marking/answer.go"
	serviceFile = "server/marking/service.go"
)

// operatorAcks are mistakes of the confirmation and of the session around it.
var operatorAcks = []Mutant{
	edited("TRN-011/fixed", "The answer's P-version is always 01 05.", "TRN-011", "fiscal/wire/write.go", `	h.BodyLen, h.CRC = 0, 0`, `	h.BodyLen, h.CRC, h.PVersion = 0, 0, PVersion{1, 5}`, "O-006"),
	answering("TRN-020/mirrored", "Answers carry the check code mode of the request.", "TRN-020", "reply_crc", "request", "O-203"),
	{ID: "TRN-021/answered", Breaks: "A message that wants no answer gets one.", Spec: "TRN-021", By: []string{"O-025"}, Edits: []Edit{
		{exchangeFile, `if !m.Header.Flags.AwaitsAnswer() && x.then == thenListen {`, `if x == nil {`},
		{verdictFile, `|| !x.message.Header.Flags.AwaitsAnswer() {`, `{`}}},
	edited("TRN-021/dropped", "A message that wants no answer is not stored.", "TRN-021", exchangeFile, `	switch {
	case m.Header.Service():`, `	switch {
	case !m.Header.Flags.AwaitsAnswer():
	case m.Header.Service():`, "O-025"),
	edited("TRN-022/priority", "A message with priority is refused.", "TRN-022", headerFile, `flagsReserved      Flags = 0xFF08`, `flagsReserved      Flags = 0xFFC8`, "O-026"),
	edited("TRN-061/one-message", "The connection is closed after each answer.", "TRN-061", connFile, `		if c.in.draining.Load() {
			return
		}
		if c.dec`, `		if c.in != nil {
			return
		}
		if c.dec`, "O-021"),
	edited("TRN-061/no-read-ahead", "What came behind a message is thrown away.", "TRN-061", decoderFile, `	d.buf = append([]byte(nil), d.buf[size:]...)`, `	d.buf = nil`, "O-023"),
	edited("TRN-064/idle", "An idle connection is kept for ever.", "TRN-064", limitsFile, `set(&t.Idle, 60*time.Second)`, `set(&t.Idle, 60*time.Hour)`, "O-113"),
	edited("TRN-064/hasty", "An idle connection is closed after five seconds.", "TRN-064", limitsFile, `set(&t.Idle, 60*time.Second)`, `set(&t.Idle, 5*time.Second)`, "O-113"),
	edited("TRN-064/drip", "A message may take as long as it likes while bytes come.", "TRN-064", connFile, `whole.Before(deadline) {`, `whole.IsZero() {`, "O-108"),
	edited("TRN-064/deaf", "A client that never reads is waited for.", "TRN-064", limitsFile, `set(&t.Write, 30*time.Second)`, `set(&t.Write, 30*time.Hour)`, "O-112"),
	edited("TRN-070/registered", "The confirmation follows the version of the registration, not of the document.", "TRN-070", verdictFile, `	if doc.FFD == 0 {
		doc.FFD = in.formatOf(x, known)`, `	if doc.FFD != 0 {
		doc.FFD = in.formatOf(x, known)`, "O-034"),
	{ID: "TRN-070/always-1068", Breaks: "Every confirmation has 1068.", Spec: "TRN-070 TRN-072", By: []string{"O-007"}, Edits: []Edit{
		{ackFile, `		if c.FFD < fiscal.FFD11 {
			if code`, `		if c.FFD < 9 {
			if code`}}},
	answering("TRN-072/on-error", "1068 is left out when the code is 0.", "TRN-072", "ack.fn_message", "on_error", "O-020", "O-034"),
	answering("TRN-072/always-1206", "1206 stands though it is zero.", "TRN-072", "ack.operator_message", "always", "O-212"),
	answering("TRN-072/extra", "Every confirmation says that the operator has messages.", "TRN-072", "ack.extra_bits", "0x04", "O-001"),
	answering("TRN-072/type-5a", "The answer is of type 5A by default.", "TRN-030", "ack.container_type", "5a", "O-020"),
	edited("TRN-074/order", "1041 stands before 1017.", "TRN-074", ackFile, `		b.Raw(ffd.TagOFDINN, inn[:])
		b.Raw(ffd.TagFNNumber, fn[:])`, `		b.Raw(ffd.TagFNNumber, fn[:])
		b.Raw(ffd.TagOFDINN, inn[:])`, "O-020"),
	edited("TRN-073/local", "1012 of the confirmation is Moscow time.", "TRN-073", ackFile, `b.Time(ffd.TagDateTime, c.At)`, `b.Time(ffd.TagDateTime, c.At.Add(3*time.Hour))`, "O-028", "O-020"),
	edited("OPR-041/1041-unpadded", "1041 of the confirmation is not padded.", "OPR-041", ackFile, `b.Raw(ffd.TagFNNumber, fn[:])`, `b.Raw(ffd.TagFNNumber, fn[:len(c.FN)])`, "O-008"),
	edited("OPR-041/1017-unpadded", "1017 of the confirmation is not padded.", "OPR-041", ackFile, `b.Raw(ffd.TagOFDINN, inn[:])`, `b.Raw(ffd.TagOFDINN, inn[:len(c.OFD)])`, "O-020"),
	edited("E-18/wrong-bit", "Failed control sets bit 2 of 1206.", "E-18 TRN-080", ackFile, `BitFLK     uint8 = 0x02`, `BitFLK     uint8 = 0x04`, "F-M-03"),
	edited("E-26/wrong-bit", "A registration with another operator sets bit 7 of 1206.", "E-26", ackFile, `bits |= BitContact`, `bits |= BitStops`, "O-204"),
	answering("E-26/confirm", "A registration with another operator has no bit of its own.", "E-26", "ofd_mismatch", "confirm", "O-204"),
	answering("E-26/code14", "A registration with another operator only fails the control.", "E-26", "ofd_mismatch", "code14", "O-204"),
	edited("TRN-090/no-code", "A probe with a check code is answered without one.", "TRN-090", exchangeFile, `ack.Reply(x.message.Header, nil, x.message.Header.Flags.CRCMode())`, `ack.Reply(x.message.Header, nil, 0)`, "O-032"),
	edited("TRN-090/silent", "A probe is not answered.", "TRN-090", exchangeFile, `	case m.Header.Service():
		in.service(x)`, `	case m.Header.Service():`, "O-032", "O-120"),
	edited("TRN-090/unknown", "A probe of an unknown drive is not answered.", "TRN-090", exchangeFile, `	x.fn, _ = x.message.Header.FNNumber() // any text is answered`, `	if x.fn, _ = x.message.Header.FNNumber(); in.drives.get(x.fn) == nil {
		return
	}`, "O-032"),
}

// operatorLife are mistakes of keeping: what is stored when, and what follows from it.
var operatorLife = []Mutant{
	edited("confirm/never-stored", "Documents are confirmed and never stored.", "OPR-014", verdictFile, `	err = in.o.Store.Accept(ctx, a)
`, `	err = nil
`, "O-025", "O-060", "O-088"),
	edited("confirm/before-store", "The confirmation does not wait for the store.", "OPR-014 E-20", verdictFile, `	err = in.o.Store.Accept(ctx, a)
`, `	err = nil
	later := context.WithoutCancel(ctx)
	time.AfterFunc(300*time.Millisecond, func() { _ = in.o.Store.Accept(later, a) })
`, "O-060"),
	edited("confirm/not-kept", "The confirmation is not stored with its document.", "OPR-014 E-20", verdictFile, `	a := store.Acceptance{Document: doc, Drive`, `	doc.Confirmation = nil
	a := store.Acceptance{Document: doc, Drive`, "O-205"),
	edited("history/shift-forgotten", "A restart forgets that a shift is open.", "Q-05", encodeFile, `s.Open, s.ReceiptSeen = flags&1 != 0, flags&2 != 0`, `s.Open, s.ReceiptSeen = false, flags&2 != 0`, "O-061"),
	edited("history/registration-forgotten", "A restart forgets the registration.", "E-24", encodeFile, `	h.Current.decode(r)
	h.Previous.decode(r)`, `	h.Current.decode(r)
	h.Previous.decode(r)
	h.Current = Registration{}`, "O-206"),
	edited("history/closed-forgotten", "A restart forgets that the drive is closed.", "E-25", encodeFile, `h.Unseen, h.ClosedFD = fiscal.FDNumber(r.uint()), fiscal.FDNumber(r.uint())`, `h.Unseen = fiscal.FDNumber(r.uint())
	r.uint()`, "O-206"),
	edited("history/message-cut", "The stored message loses its session header.", "OPR-022", verdictFile, `Message: x.message.Raw, STLV: p.opened.STLV,`, `Message: append(make([]byte, wire.HeaderLen), x.message.Body()...), STLV: p.opened.STLV,`, "O-205"),
	edited("status/not-closed", "A drive that reports its closing stays active.", "FN-010", shiftFile, `		c.next.Status = store.DriveClosed
`, ``, "O-050"),
	edited("status/not-replaced", "The old drive of a register is not marked as replaced.", "FN-013", regFile, `c.result.Replaces = newFN && c.fd == 1`, `c.result.Replaces = false`, "O-002"),
	edited("status/not-gone", "A drive that leaves for another operator stays.", "E-26", regFile, `c.next.Status = store.DriveGone`, `c.next.Status = store.DriveActive`, "O-041"),
	edited("status/name-kept", "The card keeps the old name of the user.", "OPR-035", historyFile, `d.RegID, d.UserINN, d.User = r.RegID, r.UserINN, r.User`, `d.RegID, d.UserINN = r.RegID, r.UserINN
		if d.User == "" {
			d.User = r.User
		}`, "O-040"),
	edited("I-03/changed", "A registration number may change within a drive.", "I-03 FN-013", regFile, `if reg != "" && r.RegID != "" && reg != string(r.RegID) {`, `if reg == "-" {`, "O-042", "F-I-03"),
	edited("I-04/changed", "The user's INN may change within a drive.", "I-04 FN-013", regFile, `if inn != "" && r.UserINN != "" && inn != r.UserINN {`, `if inn == "-" {`, "O-042"),
	edited("I-03/untold", "Nobody is told that a report changes the register's identity.", "I-03", regFile, `	if c.doc.Form.IsRegistration() {
		c.alarm(`, `	if c == nil {
		c.alarm(`, "O-042"),
	edited("Q-04/first", "The first shift may have any number.", "Q-04", shiftFile, `if c.neverOpened() && n != 1 {`, `if c.neverOpened() && n > 9 {`, "F-Q-04"),
	edited("Q-04/next", "Shift numbers may be skipped.", "Q-04", shiftFile, `case sure && n != s.Number+1:`, `case sure && n <= s.Number:`, "O-202"),
	edited("Q-05/closed", "A receipt after the closing report is taken.", "Q-05", "server/flk/receipt.go", `case !s.Open && (sure || n <= s.Number):`, `case n > 9999:`, "F-Q-05"),
	edited("Q-05/other", "A receipt may name another shift than the open one.", "Q-05", "server/flk/receipt.go", `case s.Open && n != s.Number && (sure || n < s.Number):`, `case n > 9999:`, "O-202"),
	edited("Q-07/twice", "A shift may be closed twice.", "Q-07", shiftFile, `case !s.Open && (sure || n <= s.Number):`, `case n > 9999:`, "O-202"),
	edited("Q-08/corrections", "Corrections are not counted among the receipts of a shift.", "Q-08", "server/flk/counters.go", `	n := uint64(c.Corrections)`, `	n := uint64(0)`, "O-202"),
	edited("Q-10/unsent", "The format version may change with a queue.", "Q-10", regFile, `case c.old.Unsent != 0:`, `case c == nil:`, "O-202"),
	edited("Q-10/open", "The format version may change inside a shift.", "Q-10", regFile, `case c.old.Shift.Open && c.known(c.old.Shift.At):`, `case c == nil:`, "O-202"),
	edited("Q-11/untold", "Nobody is told what a closed drive never sent.", "Q-11", shiftFile, `		c.alarm("ФН закрыт, не получены документы: %s", missing(before))`, ``, "O-052"),
	edited("Q-14/untold", "Nobody is told what an autonomous drive never sent.", "Q-14 FN-014", regFile, `		c.alarm("переход в автономный режим, не получены документы: %s", missing(c.next.Gaps))`, ``, "O-043"),
	edited("P-14/all-bits", "Bits of 1206 that came back count as never sent.", "P-14 TRN-080", historyFile, `		h.Bits |= bits`, ``, "O-014"),
	edited("FN-021/unflagged", "Documents made after the end of the keys are not flagged.", "FN-021", keysFile, `		c.tag(ffd.TagDateTime).add("FN-021", flk.Warning, "срок действия ключей ФП истек %s", date(end))`, ``, "O-045"),
	edited("FN-021/again", "People are told of every document after the end of the keys.", "FN-021", keysFile, `if c.once(AlarmKeysExpired) {`, `if true {`, "O-045"),
	edited("FN-021/day-early", "Keys end a day early.", "FN-021 FN-023", keysFile, `c.next.KeyEnd = c.time - c.time%day + int64(days)*day`, `c.next.KeyEnd = c.time - c.time%day + int64(days-1)*day`, "O-046"),
	edited("FN-023/29-days", "The end of the keys is announced a day late.", "FN-023", keysFile, `case left <= 30:`, `case left <= 29:`, "O-046"),
	edited("FN-023/no-third-day", "The end of the keys is not announced at three days.", "FN-023", keysFile, `	case left <= 3:
		return AlarmKeys3Days`, `	case left < 0:
		return AlarmKeys3Days`, "O-046"),
}

// operatorMarking are mistakes of the exchange about marking codes.
var operatorMarking = []Mutant{
	edited("TRN-110/not-routed", "Messages about marking are taken for documents.", "TRN-110 TRN-111", exchangeFile, `case m.Header.Signature == wire.SignatureMarking:`, `case m == nil:`, "O-121", "O-122"),
	edited("TRN-110/number", "The answer does not repeat the number of the request.", "TRN-110", markingFile, `		copyField(b, d.Fields, ffd.TagMarkingRequestNumber)
		if !copyField`, `		b.Uint32(ffd.TagMarkingRequestNumber, 1)
		if !copyField`, "O-122"),
	edited("TRN-110/notice-number", "The receipt does not repeat the number of the notification.", "TRN-110", markingFile, `		copyField(b, d.Fields, ffd.TagMarkingNoticeNumber)
`, `		b.Uint32(ffd.TagMarkingNoticeNumber, 1)
`, "O-125"),
	edited("TRN-110/malformed", "A malformed code is processed.", "TRN-110", markingFile, `		b.Byte(ffd.TagRequestProcessingCode, o.Processing)`, `		b.Byte(ffd.TagRequestProcessingCode, 0)`, "O-123"),
	edited("TRN-110/suspended", "A suspended code has the right status.", "TRN-110", "server/marking/outcome.go", `Name: "turnover suspended", Status: statusSuspended`, `Name: "turnover suspended", Status: statusRight`, "O-124"),
	edited("TRN-110/unsold", "A sold code can be sold again.", "TRN-110", "server/marking/outcome.go", `			r.remember(string(code))
		}
	case`, `		}
	case`, "O-125"),
	edited("TRN-110/no-return", "A returned code stays sold.", "TRN-110", "server/marking/outcome.go", `		delete(r.sold, string(code))
		return false`, `		return false`, "O-125"),
	edited("TRN-110/unsigned", "The sign of a message about marking is not checked.", "TRN-110", serviceFile, `	case verdict != sign.OK:`, `	case verdict == sign.Unverifiable:`, "O-207"),
	edited("TRN-110/foreign", "A message about marking may carry another drive's container.", "TRN-110 E-11", serviceFile, `err == nil && c.FNBCD != r.FN.BCD() {`, `err == nil && r.FN == "" {`, "O-207"),
	edited("TRN-111/own-answer", "The operator answers for a marking operator that is down.", "TRN-111", serviceFile, `	if s.o.Down {`, `	if s == nil {`, "O-126"),
	edited("TRN-112/slow", "An answer about a code takes two seconds.", "TRN-112", serviceFile, `	t := time.NewTimer(s.o.Delay)`, `	t := time.NewTimer(s.o.Delay + 1900*time.Millisecond)`, "O-122"),
}

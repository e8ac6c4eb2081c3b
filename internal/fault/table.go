package fault

import "time"

// Parameters that several points share.
var (
	jumpBy = Param{Name: "by", Default: "1h", Text: "how far, back when negative; 36h, 40d", kind: kindDuration,
		min: -int64(maxJump), max: int64(maxJump)}
	keepBytes  = number("keep", "20", -65535, 65535, "bytes that are sent, at most all but the last; negative: bytes cut off the end")
	splitSize  = number("size", "1", 1, 65535, "bytes in a piece")
	splitPause = pause("pause", "1ms", "between pieces")
	times      = number("times", "2", 2, 100, "copies in all, one right after another")
	badPart    = choice("part", "whose check code: of the container, or of the session header (which then says that it has one)", "container", "session")
	lengthPart = choice("part", "which length field", "session", "container")
	lengthBy   = number("by", "1", -65535, 65535, "added to the right length; the check code fits the wrong one")
	fdBy       = number("by", "1", -16777215, 16777215, "added to the right number")
)

// maxJump keeps a jumped clock in the years that the formats can write.
const maxJump = 100 * 365 * 24 * time.Hour

// table is all points, in the order in which those of one event act.
var table = [...]Info{
	{AcceptRefuse, "accept.refuse", Operator, AtConnection, "A new connection is ended before anything is read.", []Param{
		choice("by", "how: with RST, or with FIN", "reset", "close")}},
	{ReadStall, "read.stall", Operator, AtHeader, "Nothing more is read for a while.", []Param{
		pause("time", "2s", "how long")}},
	{OperatorClockJump, "clock.jump", Operator, AtMessage, "The operator's clock jumps before the message is taken, and stays there.", []Param{jumpBy}},
	{OperatorReset, "conn.reset", Operator, AtMessage, "The connection is ended with RST.", []Param{
		choice("at", "when: the document is stored and the answer ready; the message has come and nothing is stored; some bytes of the answer were sent",
			"stored", "request", "reply"), keepBytes}},
	{OperatorHalfClose, "conn.half-close", Operator, AtMessage, "The operator shuts its writing half and goes on reading.", []Param{
		choice("at", "when: after the answer; or instead of handling the message", "reply", "request")}},
	{StoreFail, "store.fail", Operator, AtDocument, "The store refuses the document before anything is stored; it gets no answer.", nil},
	{ReplyCode, "reply.code", Operator, AtReply, "The confirmation says another code than the stored one, under right signs.", []Param{
		number("code", "14", 0, 255, "tag 1022; in FFD 1.1 and 1.2, which have 1206, any code but 0 sets bit 1"),
		number("bits", "0", 0, 255, "bits added to tag 1206")}},
	{ReplyWrongFD, "reply.wrong-fd", Operator, AtReply, "The confirmation names another document.", []Param{
		fdBy, choice("part", "where: in container header and document, or in one of them", "all", "container", "document"),
		choice("as", "how the header says it: as a number; or the right number's last three digits as ASCII, document untouched", "number", "text"),
		choice("sign", "signs made anew; or header only and signs left as they were", "new", "old")}},
	{ReplyWrongFN, "reply.wrong-fn", Operator, AtReply, "The answer names another drive.", []Param{
		choice("part", "where: everywhere, or in one of session header, container header and document", "all", "session", "container", "document"),
		choice("sign", "signs made anew with the right drive's keys; or headers only and signs left as they were", "new", "old"),
		{Name: "drive", Text: "the other number; the right one with its last digit changed when empty", kind: kindFN}}},
	{ReplyStale, "reply.stale", Operator, AtReply, "The confirmation of the drive's previous document is sent instead. Asked only when there is one.", nil},
	{ReplyForeign, "reply.foreign", Operator, AtReply, "A confirmation that is right for another drive is sent instead.", []Param{
		choice("header", "session header: the other drive's, or the right one", "foreign", "own"),
		{Name: "drive", Text: "the other number; the right one with its last digit changed when empty", kind: kindFN}}},
	{ReplyBadSign, "reply.bad-sign", Operator, AtReply, "One bit of the sign at the end of the container is wrong; the check code fits.", nil},
	{ReplyBadLength, "reply.bad-length", Operator, AtReply, "A length field is wrong.", []Param{lengthPart, lengthBy}},
	{ReplyBadCRC, "reply.bad-crc", Operator, AtReply, "A check code is wrong.", []Param{badPart}},
	{ReplyDelay, "reply.delay", Operator, AtReply, "The answer comes late.", []Param{pause("time", "1s", "how late")}},
	{ReplyDrop, "reply.drop", Operator, AtReply, "The answer is not sent.", []Param{
		choice("then", "the connection serves on, or is closed", "listen", "close")}},
	{ReplyDuplicate, "reply.duplicate", Operator, AtReply, "The answer is sent more than once.", []Param{times}},
	{ReplyTruncate, "reply.truncate", Operator, AtReply, "Only the first bytes of the answer are sent.", []Param{keepBytes,
		choice("then", "the connection is closed, ended with RST, or stays silent", "close", "reset", "wait")}},
	{ReplySplit, "reply.split", Operator, AtReply, "The answer is sent in pieces.", []Param{splitSize, splitPause}},

	{DialFail, "dial.fail", Register, AtConnection, "The connection to the operator cannot be opened.", nil},
	{RegisterClockJump, "clock.jump", Register, AtMessage, "The register's clock jumps when the message is sent, and stays there.", []Param{jumpBy}},
	{RegisterReset, "conn.reset", Register, AtMessage, "The connection is ended with RST.", []Param{
		choice("at", "when: after the whole message, before the answer; or after some bytes of the message", "sent", "message"), keepBytes}},
	{RegisterHalfClose, "conn.half-close", Register, AtMessage, "The register shuts its writing half after the message and waits for the answer.", nil},
	{SendStale, "send.stale", Register, AtMessage, "The previous message is sent instead. Asked only when there is one.", nil},
	{SendWrongFD, "send.wrong-fd", Register, AtMessage, "The container header has another document number, signs left as they were.", []Param{fdBy}},
	{SendWrongFN, "send.wrong-fn", Register, AtMessage, "A header has another drive's number, signs left as they were.", []Param{
		choice("part", "which header", "all", "session", "container"),
		{Name: "drive", Text: "the other number; the right one with its last digit changed when empty", kind: kindFN}}},
	{SendBadSign, "send.bad-sign", Register, AtMessage, "One bit of the message sign is wrong; the check code fits.", nil},
	{SendBadLength, "send.bad-length", Register, AtMessage, "A length field is wrong.", []Param{lengthPart, lengthBy}},
	{SendBadCRC, "send.bad-crc", Register, AtMessage, "A check code is wrong.", []Param{badPart}},
	{SendDelay, "send.delay", Register, AtMessage, "The open connection is silent before the message.", []Param{pause("time", "1s", "how long")}},
	{SendStall, "send.stall", Register, AtMessage, "The register falls silent inside the message.", []Param{
		number("after", "20", 1, 65535, "bytes sent before"), pause("time", "2s", "how long")}},
	{SendDrop, "send.drop", Register, AtMessage, "The message is not sent; the register waits for the answer all the same.", nil},
	{SendDuplicate, "send.duplicate", Register, AtMessage, "The message is sent more than once.", []Param{times}},
	{SendTruncate, "send.truncate", Register, AtMessage, "Only the first bytes of the message are sent.", []Param{keepBytes,
		choice("then", "the connection is closed, ended with RST, its writing half shut, or it stays silent", "close", "reset", "half-close", "wait")}},
	{SendSplit, "send.split", Register, AtMessage, "The message is sent in pieces.", []Param{splitSize, splitPause}},
	{ReceiptDrop, "receipt.drop", Register, AtReceipt, "The answer is thrown away before the drive sees it.", []Param{
		choice("then", "the connection is closed, or the register waits for another answer", "close", "wait")}},
}

// init checks that the table is in the order of the constants: rows are found by it.
func init() {
	for i := range table {
		if table[i].Point != Point(i+1) {
			panic("fault: table and constants differ at " + table[i].Name)
		}
	}
	if len(table) != int(pointCount)-1 || pointCount > 64 {
		panic("fault: table and constants differ in length")
	}
}

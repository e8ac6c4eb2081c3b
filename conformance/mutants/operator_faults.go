package mutants

// on is a mutant that is one rule of a fault point.
func on(id, rule, breaks, spec string, by ...string) Mutant {
	return Mutant{ID: "fault/" + id, Breaks: breaks, Spec: spec, Faults: []string{rule}, By: by}
}

// operatorFaults are the fault points of an operator, each in the ways it has.
var operatorFaults = []Mutant{
	on("accept.refuse", "accept.refuse:always", "Every connection is reset at once.", "TRN-060", "O-001"),
	on("accept.refuse/close", "accept.refuse:every=3,by=close", "Every third connection is closed before anything is read.", "TRN-060", "O-022"),
	on("read.stall", "read.stall:always,time=3s", "The operator falls silent inside every message.", "TRN-064", "O-021"),
	on("clock.jump", "clock.jump:always,by=1h", "The clock jumps an hour forward with every message.", "TRN-073", "O-020", "O-028"),
	on("clock.jump/back", "clock.jump:nth=1,by=-1s", "The clock is a second slow.", "TRN-073", "O-020", "O-028"),
	on("conn.reset", "conn.reset:always", "The connection is reset when the document is stored, before the answer.", "TRN-060", "O-001"),
	on("conn.reset/request", "conn.reset:for doc=currentStateReport,at=request", "The connection is reset when a state report has come.", "TRN-061", "F-P-09"),
	on("conn.reset/reply", "conn.reset:for doc=closeShift,at=reply,keep=-1", "The connection is reset before the last byte of the answer to a closing report.", "TRN-060", "O-010"),
	on("conn.half-close", "conn.half-close:always", "The operator shuts its half after the first answer and takes no further message.", "TRN-061", "O-021"),
	on("conn.half-close/request", "conn.half-close:for doc=receipt,at=request", "The operator shuts its half instead of answering a receipt.", "TRN-065", "O-022"),
	on("store.fail", "store.fail:always", "Nothing can be stored.", "E-20", "O-001"),
	on("store.fail/receipts", "store.fail:for doc=receipt", "Receipts cannot be stored.", "E-20", "O-021"),
	on("reply.code", "reply.code:always", "Every document gets code 14.", "TRN-072", "O-001", "O-020"),
	on("reply.code/0", "reply.code:always,code=0", "Every document gets code 0.", "E-18", "O-036", "F-M-03"),
	on("reply.code/11", "reply.code:for doc=receiptCorrection,code=11", "Corrections get code 11.", "E-16", "O-035"),
	on("reply.code/bits", "reply.code:always,code=0,bits=8", "Every confirmation of FFD 1.1 and 1.2 has bit 3 of 1206 set.", "TRN-072", "O-001"),
	on("reply.wrong-fd", "reply.wrong-fd:always", "The answer confirms the next document, signs made for it.", "TRN-030", "O-001"),
	on("reply.wrong-fd/container", "reply.wrong-fd:always,part=container", "The container header names the next document.", "TRN-030", "O-001"),
	on("reply.wrong-fd/document", "reply.wrong-fd:always,part=document", "Tag 1040 of the confirmation names the next document.", "TRN-030", "O-001"),
	on("reply.wrong-fd/text", "reply.wrong-fd:always,as=text", "The container header has the number of the document as text.", "TRN-030", "O-001"),
	on("reply.wrong-fd/unsigned", "reply.wrong-fd:always,sign=old", "The container header names the next document after the signs were made.", "TRN-030", "O-001"),
	on("reply.wrong-fn", "reply.wrong-fn:always", "The answer names another drive everywhere.", "TRN-030", "O-001"),
	on("reply.wrong-fn/session", "reply.wrong-fn:always,part=session", "The session header names another drive.", "TRN-066", "O-001"),
	on("reply.wrong-fn/container", "reply.wrong-fn:always,part=container", "The container header names another drive.", "TRN-030", "O-001"),
	on("reply.wrong-fn/document", "reply.wrong-fn:always,part=document", "Tag 1041 of the confirmation names another drive.", "TRN-030", "O-001"),
	on("reply.wrong-fn/unsigned", "reply.wrong-fn:always,sign=old", "The headers name another drive after the signs were made.", "TRN-030", "O-001"),
	on("reply.stale", "reply.stale:always", "The confirmation of the document before is sent.", "TRN-061", "O-021"),
	on("reply.foreign", "reply.foreign:always", "A confirmation for another drive is sent.", "TRN-030", "O-001"),
	on("reply.foreign/own", "reply.foreign:always,header=own", "A confirmation for another drive is sent under the right session header.", "TRN-030", "O-001"),
	on("reply.bad-sign", "reply.bad-sign:always", "The sign of every answer has a wrong bit.", "TRN-031", "O-001", "O-020"),
	on("reply.bad-length", "reply.bad-length:always", "The session header counts a byte too many.", "TRN-050", "O-001"),
	on("reply.bad-length/container", "reply.bad-length:always,part=container,by=-32", "The container length leaves its header out.", "E-08", "O-001"),
	on("reply.bad-crc", "reply.bad-crc:always", "The check code of the container is wrong.", "E-09", "O-001"),
	on("reply.bad-crc/session", "reply.bad-crc:always,part=session", "The session header says that it has a check code, which is wrong.", "TRN-020", "O-020", "O-032"),
	on("reply.delay", "reply.delay:for doc=receipt,time=3s", "Receipts are answered late.", "TRN-064", "O-021"),
	on("reply.drop", "reply.drop:for doc=openShift", "Openings get no answer and the connection stays.", "TRN-060", "O-010"),
	on("reply.drop/close", "reply.drop:for doc=openShift,then=close", "Openings get no answer and the connection is closed.", "TRN-060", "O-010"),
	on("reply.duplicate", "reply.duplicate:always", "Every answer is sent twice.", "TRN-061", "O-021"),
	on("reply.truncate", "reply.truncate:always", "Twenty bytes of the answer are sent and the connection is closed.", "TRN-060", "O-001"),
	on("reply.truncate/reset", "reply.truncate:always,keep=-1,then=reset", "The last byte of the answer is not sent and the connection reset.", "TRN-060", "O-001"),
	on("reply.truncate/wait", "reply.truncate:for doc=closeArchive,keep=-1,then=wait", "The last byte of the answer to a report on closing is never sent.", "TRN-060", "O-050"),
	on("reply.split", "reply.split:always,size=1,pause=30ms", "The answer comes byte by byte, so slowly that it takes longer than a register waits.", "TRN-064", "O-001"),
}

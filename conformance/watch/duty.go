package watch

// obligation is what the operator must do about a message.
type obligation uint8

const (
	confirm       obligation = iota // confirm, the code is free
	confirmClean                    // confirm with a clean code
	confirmFlag                     // confirm and say that format control failed
	confirmUnread                   // confirm and say that the content was not recognised
	repeat                          // give the stored confirmation again
	leave                           // close without a byte
	stay                            // give no answer and read on
	service                         // a header for a header
	markingReply                    // the marking operator's answer
	anything                        // its own affair
)

// duty is an obligation with the requirements that say so.
type duty struct {
	obligation
	ids []string
}

// wanted reports whether an answer must come.
func (d duty) wanted() bool {
	switch d.obligation {
	case leave, stay, anything:
		return false
	}
	return true
}

// fault is how a problem that the model names is judged on both sides.
type fault struct {
	check string // of package model
	kkt   string // requirement that the register breaks
	ofd   duty   // what the operator must do; no ids: the papers do not say
}

// faults in the order in which a server reads (transport.md 14).
var faults = []fault{
	{"session/signature", "E-01", duty{leave, []string{"O-070"}}},
	{"session/s-version", "E-02", duty{leave, []string{"O-071"}}},
	{"session/p-version", "E-03", duty{leave, []string{"O-072"}}},
	{"session/flags", "E-04", duty{leave, []string{"O-073"}}},
	{"session/crc", "E-05", duty{leave, []string{"O-074"}}},
	{"session/fn", "E-11", duty{anything, nil}},
	{"container/whole", "TRN-051", duty{leave, []string{"O-107"}}},
	{"container/length", "E-08", duty{leave, []string{"O-076"}}},
	{"container/crc", "E-09", duty{leave, []string{"O-075"}}},
	{"container/type", "E-10", duty{leave, []string{"O-077"}}},
	{"container/version", "E-10", duty{leave, []string{"O-077"}}},
	{"container/fn", "E-11", duty{leave, []string{"O-085"}}},
	{"container/stlv-size", "W-02", duty{anything, nil}},
	{"document/stlv", "E-16", duty{anything, nil}},
	{"container/trailer", "TRN-040", duty{anything, nil}},
	{"sign/fps", "E-13", duty{leave, []string{"O-095"}}},
	{"document/form", "E-15", duty{confirmUnread, []string{"O-037"}}},
	{"document/1040", "E-17", duty{leave, []string{"O-092"}}},
	{"document/1041", "E-11", duty{leave, []string{"O-086"}}},
	{"document/tlv", "E-16", duty{confirmUnread, []string{"O-098"}}},
	{"sign/fpd", "E-19", duty{confirmFlag, []string{"O-096"}}},
}

// replyChecks say which requirement a problem of an answer breaks, and what the
// register must then do.
var replyChecks = []struct{ check, ofd, kkt string }{
	{"session/signature", "W-11", "K-071"}, {"session/s-version", "W-11", "K-071"}, {"session/flags", "W-11", "K-071"},
	{"session/p-version", "TRN-011", ""}, {"session/fn", "W-12", "K-071"}, {"session/length", "W-13", "K-070"},
	{"session/crc", "W-27", "K-070"},
	{"container/fits-fn", "W-16", "K-073"}, {"container/length", "W-13", "K-070"}, {"container/crc", "W-14", "K-070"},
	{"container/form", "W-15", "K-070"}, {"container/mirror", "TRN-030", "K-083"}, {"container/zeros", "TRN-030", "K-083"},
	{"container/encryption", "W-17", "K-070"}, {"document/stlv", "W-18", "K-070"}, {"document/tlv", "W-18", "K-070"},
	{"document/1017", "W-19", ""}, {"document/1041", "W-23", "K-071"}, {"document/1040", "W-24", "K-080"}, {"document/1012", "O-028", ""},
	{"sign/fpp", "W-26", "K-090"}, {"sign/fpo", "W-25", ""},
}

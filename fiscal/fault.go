package fiscal

// Fault is what an operator can find wrong with an incoming message, in the order
// in which it looks (transport.md section 10). The zero value means nothing.
type Fault uint8

// Faults of a message. What the operator answers to each is a setting of the
// server; these are names only.
const (
	FaultNone Fault = iota

	// Found in the session header and the body as bytes.
	BadSessionSignature // E-01
	BadSVersion         // E-02
	BadPVersion         // E-03
	BadFlags            // E-04
	BadSessionCRC       // E-05
	Oversize            // E-06
	IncompleteBody      // E-07

	// Found in the container.
	TruncatedContainer  // TRN-051
	LengthMismatch      // E-08
	BadContainerCRC     // E-09
	BadContainerType    // E-10
	BadContainerVersion // E-10
	FNNumberMismatch    // E-11
	UnknownFN           // E-12
	BadTrailer          // TRN-040
	BadMessageSign      // E-13
	EncryptedUnreadable // E-14

	// Found in the document.
	DataTypeMismatch    // E-15
	UnparseableDocument // E-16
	FDNumberMismatch    // E-17
	FLKFailed           // E-18
	BadFPD              // E-19

	// Found against the history of the drive.
	DuplicateSame      // E-20
	DuplicateOther     // E-21
	FDGap              // E-22
	FDBack             // E-23
	NotRegisteredFirst // E-24
	AfterClose         // E-25
	OFDMismatch        // E-26

	faultCount
)

var faultInfo = [faultCount]struct{ id, name string }{
	FaultNone:           {"", "ok"},
	BadSessionSignature: {"E-01", "bad_session_signature"},
	BadSVersion:         {"E-02", "bad_s_version"},
	BadPVersion:         {"E-03", "bad_p_version"},
	BadFlags:            {"E-04", "bad_flags"},
	BadSessionCRC:       {"E-05", "bad_session_crc"},
	Oversize:            {"E-06", "oversize"},
	IncompleteBody:      {"E-07", "incomplete_body"},
	TruncatedContainer:  {"TRN-051", "truncated_container"},
	LengthMismatch:      {"E-08", "length_mismatch"},
	BadContainerCRC:     {"E-09", "bad_container_crc"},
	BadContainerType:    {"E-10", "bad_container_type"},
	BadContainerVersion: {"E-10", "bad_container_version"},
	FNNumberMismatch:    {"E-11", "fn_number_mismatch"},
	UnknownFN:           {"E-12", "unknown_fn"},
	BadTrailer:          {"TRN-040", "bad_trailer"},
	BadMessageSign:      {"E-13", "bad_message_sign"},
	EncryptedUnreadable: {"E-14", "encrypted_unreadable"},
	DataTypeMismatch:    {"E-15", "data_type_mismatch"},
	UnparseableDocument: {"E-16", "unparseable_document"},
	FDNumberMismatch:    {"E-17", "fd_number_mismatch"},
	FLKFailed:           {"E-18", "flk_failed"},
	BadFPD:              {"E-19", "bad_fpd"},
	DuplicateSame:       {"E-20", "duplicate_same"},
	DuplicateOther:      {"E-21", "duplicate_other"},
	FDGap:               {"E-22", "fd_gap"},
	FDBack:              {"E-23", "fd_back"},
	NotRegisteredFirst:  {"E-24", "not_registered_first"},
	AfterClose:          {"E-25", "after_close"},
	OFDMismatch:         {"E-26", "ofd_mismatch"},
}

// ID is the row of transport.md ("E-09"); empty for FaultNone.
func (f Fault) ID() string { return faultInfo[f].id }

// String is the speaking name ("bad_container_crc"); "ok" for FaultNone.
func (f Fault) String() string { return faultInfo[f].name }

// FaultByName finds a fault by its speaking name.
func FaultByName(name string) (Fault, bool) {
	for i, info := range faultInfo {
		if info.name == name {
			return Fault(i), true
		}
	}
	return FaultNone, false
}

// Faults lists every fault in the order of the checks.
func Faults() []Fault {
	all := make([]Fault, 0, faultCount-1)
	for f := FaultNone + 1; f < faultCount; f++ {
		all = append(all, f)
	}
	return all
}

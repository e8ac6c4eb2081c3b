package sign

import (
	"encoding/hex"
	"encoding/json"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Calls of the plug-in protocol (fiscal-sign.md section 7).
const (
	callOpen    = "open"
	callFPD     = "fpd"
	callConfirm = "confirm"
)

// maxPluginLine bounds one line of a plug-in: two hex strings of 64 KiB of bytes
// and the rest.
const maxPluginLine = 4*(1<<16) + 4096

// pluginRequest is one line to the plug-in. Each call uses its own fields.
type pluginRequest struct {
	ID   uint64          `json:"id"`
	Call string          `json:"call"`
	FN   fiscal.FNNumber `json:"fn"`
	OFD  fiscal.INN      `json:"ofd_inn,omitempty"` // open, confirm

	Container hexBytes `json:"container_hex,omitempty"` // open: complete, with its header

	Form fiscal.Form `json:"form,omitempty"`     // fpd
	STLV hexBytes    `json:"stlv_hex,omitempty"` // fpd: the document with its header

	RequestHeader   hexBytes `json:"request_header_hex,omitempty"`    // confirm: 32 bytes of the document's container
	STLVWithout1078 hexBytes `json:"stlv_without_1078_hex,omitempty"` // confirm
	Encrypt         bool     `json:"encrypt,omitempty"`               // confirm
}

// pluginAnswer is one line from the plug-in. Error says that the call failed and
// why; Fault is the name of a transport fault that open found ("bad_trailer").
type pluginAnswer struct {
	ID        uint64   `json:"id"`
	Verdict   string   `json:"verdict,omitempty"`       // open, fpd
	STLV      hexBytes `json:"stlv_hex,omitempty"`      // open
	Detail    string   `json:"detail,omitempty"`        // open, fpd
	Container hexBytes `json:"container_hex,omitempty"` // confirm
	Fault     string   `json:"fault,omitempty"`         // open
	Error     string   `json:"error,omitempty"`
}

// hexBytes is bytes as a hex string of either case.
type hexBytes []byte

func (h hexBytes) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(h)) }

func (h *hexBytes) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	raw, err := hex.DecodeString(s)
	*h = raw
	return err
}

package flk

import "github.com/fiscalbench/fiscalbench/fiscal/tlv"

// Severity of a finding. An error makes the operator answer 1022 = 14 or 1206 bit
// 1; a warning is only recorded (flk.md, introduction).
type Severity uint8

// Severities, weakest first.
const (
	Warning Severity = iota + 1
	Error
)

// String prints "warning" or "error".
func (s Severity) String() string {
	if s == Error {
		return "error"
	}
	return "warning"
}

// MarshalText writes the severity as String does.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Severity) UnmarshalText(b []byte) error {
	*s = Warning
	if string(b) == "error" {
		*s = Error
	}
	return nil
}

// Finding is one broken rule in one place of a document.
type Finding struct {
	Rule     string    `json:"rule"`             // id of flk.md ("M-03")
	Severity Severity  `json:"severity"`         // of this finding
	Path     []tlv.Tag `json:"path,omitempty"`   // from the document inwards; empty: the whole document
	Offset   int       `json:"offset,omitempty"` // of the field from the start of the document STLV, in bytes
	Code     int       `json:"code,omitempty"`   // the tax service's code where one is public (420, 502, 503, 507)
	Text     string    `json:"text"`             // in Russian; no personal data
}

// Worst is the greatest severity of the findings; 0 when there are none.
func Worst(findings []Finding) Severity {
	var worst Severity
	for _, f := range findings {
		worst = max(worst, f.Severity)
	}
	return worst
}

package receipts

import "fmt"

// Reason says why a value of a source did not go into the new receipt as it stood.
type Reason string

// Reasons.
const (
	Remade    Reason = "remade"       // numbers, signs and checks that the new drive or register makes itself
	Envelope  Reason = "envelope"     // belongs to the file around the receipt
	NoTag     Reason = "no-tag"       // no requisite of the formats has this name
	NotInFFD  Reason = "not-in-ffd"   // the format version of the new receipt has no such requisite
	Empty     Reason = "empty"        // present without a value
	BadValue  Reason = "bad-value"    // cannot be read, or outside its list
	Repeated  Reason = "repeated"     // a second value where one may be
	Derived   Reason = "derived"      // missing or changed: what stands in the new receipt instead
	Conflict  Reason = "conflict"     // two places of the source disagree
	Imprecise Reason = "imprecise"    // carried with less precision
	Settings  Reason = "registration" // carried in the registration of the new register, not in the receipt
)

// Note is one thing about a receipt that was not simply carried over.
type Note struct {
	Path   string `json:"path"`           // "$[0].ticket.document.receipt.items[1].nds"; for TLV "$.1059[1].1199"
	Kind   string `json:"kind,omitempty"` // of the value there: JSON type, or kind of the TLV
	Reason Reason `json:"reason"`
	Text   string `json:"text"` // in Russian; no personal data
}

// String is one line for people.
func (n Note) String() string {
	return fmt.Sprintf("%s (%s): %s", n.Path, n.Reason, n.Text)
}

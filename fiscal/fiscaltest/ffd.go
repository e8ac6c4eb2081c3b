package fiscaltest

import (
	_ "embed"
	"encoding/json"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

//go:embed data/ffd.json
var ffdJSON []byte

// FFD returns the vectors of the document formats: public captures and worked
// examples. They are read once and shared: copy bytes before changing them.
var FFD = sync.OnceValue(func() *FFDVectors {
	var v FFDVectors
	if err := json.Unmarshal(ffdJSON, &v); err != nil {
		panic("fiscaltest: data/ffd.json: " + err.Error())
	}
	return &v
})

// FFDVectors is data/ffd.json.
type FFDVectors struct {
	Primitives   []FFDPrimitive
	Captures     []FFDCapture
	ProductCodes []struct {
		Kind    string
		Scanned string
		Value   Hex `json:"value_hex"`
	} `json:"product_code_1162"`
	ControlCodes []struct {
		MarkingCode string `json:"marking_code"`
		Value       string
		CRC32       uint32
	} `json:"control_code_2115"`
	RegNumbers []struct {
		Serial  string
		INN     fiscal.INN
		Factory string `json:"factory_number"`
		Check   string
		Number  fiscal.RegNumber `json:"rnm"`
	} `json:"kkt_registration_number"`
	INNs []struct {
		INN   string
		Valid bool
	} `json:"inn_checksum"`
	QR          []struct{ Text, Source string }
	JSONSamples []struct {
		ID   string
		JSON json.RawMessage
	} `json:"json_samples"`
}

// FFDPrimitive is a value of one kind in bytes. Exactly one of Hex and Error is
// set: a value that does not fit its maximum has no bytes.
type FFDPrimitive struct {
	Type  string // uint32, VLN, FVLN, unixtime, string, TLV
	Hex   Hex
	Max   int // in bytes; 0 when none is given
	Value json.RawMessage
	Error string
}

// FFDCapture is a document seen on a wire or in a public repository.
type FFDCapture struct {
	ID              string
	Hex             Hex                // header and document as far as the source kept them; see Body
	SessionHeader   *struct{ Hex Hex } `json:"session_header"`
	ContainerHeader json.RawMessage    `json:"container_header"`
	ContainerHex    Hex                `json:"container_header_hex"`
	BodyHex         Hex                `json:"body_hex"`
	Document        *struct {
		Form   fiscal.Form
		Length int
		Fields []FFDField
	}
	Prefix      []struct{ Len int } // service fields that the source put before the document
	Trailer     Hex
	MessageSign Hex         `json:"message_sign"`
	FiscalSign  json.Number `json:"messageFiscalSign"`
	Expected    *struct {
		TotalSum   fiscal.Kopecks
		SumOfItems fiscal.Kopecks `json:"sum_of_items"`
		Items      int
		Payments   map[string]fiscal.Kopecks
		VAT        map[string]fiscal.Kopecks
		FD         fiscal.FDNumber
		FN         fiscal.FNNumber
		FPD        fiscal.FPD `json:"fp_printed"`
		LocalTime  string     `json:"local_time"`
	}
	QR string `json:"qr_derived"`
}

// Body is the document STLV with whatever follows it, or nil when the capture has
// no document.
func (c *FFDCapture) Body() []byte {
	switch {
	case c.Document == nil:
		return nil
	case c.BodyHex != nil:
		return c.BodyHex.Bytes()
	case c.SessionHeader != nil:
		return c.Hex.Bytes()[30+32:] // session header, container header
	}
	b := c.Hex.Bytes()
	for _, p := range c.Prefix {
		b = b[4+p.Len:]
	}
	return b
}

// STLV is the document alone.
func (c *FFDCapture) STLV() []byte {
	b := c.Body()
	if b == nil {
		return nil
	}
	return b[:4+c.Document.Length]
}

// FFDField is a field of a capture. Value is a number, a string with its padding,
// {hex, printed}, {raw, decimals, value} or an array of fields, as Type says.
type FFDField struct {
	Tag   uint16
	Len   int
	Type  string
	Value json.RawMessage
}

// Fields are the children of an STLV.
func (f *FFDField) Fields() ([]FFDField, error) {
	var fields []FFDField
	err := json.Unmarshal(f.Value, &fields)
	return fields, err
}

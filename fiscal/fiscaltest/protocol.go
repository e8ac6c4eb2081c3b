package fiscaltest

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

//go:embed data/protocol.json
var protocolJSON []byte

// Protocol returns the vectors of the wire protocol, of the FN serial line and of
// TB-GOST-1. They are read once and shared: copy bytes before changing them.
var Protocol = sync.OnceValue(func() *ProtocolVectors {
	var v ProtocolVectors
	if err := json.Unmarshal(protocolJSON, &v); err != nil {
		panic("fiscaltest: data/protocol.json: " + err.Error())
	}
	return &v
})

// Hex is bytes that stand in the file as a hex string.
type Hex []byte

// UnmarshalJSON reads a hex string.
func (h *Hex) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	raw, err := hex.DecodeString(s)
	*h = raw
	return err
}

// Bytes is a copy that a test may change.
func (h Hex) Bytes() []byte { return append([]byte(nil), h...) }

// String is lower-case hex.
func (h Hex) String() string { return hex.EncodeToString(h) }

// Word is a 16-bit number that stands in the file as "0x1234".
type Word uint16

// UnmarshalJSON reads "0x1234".
func (w *Word) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 16)
	*w = Word(n)
	return err
}

// ProtocolVectors is data/protocol.json.
type ProtocolVectors struct {
	CRC16 struct {
		Check123456789 Word `json:"check_ascii_123456789"`
		ExtraChecks    []struct {
			ASCII string
			Hex   Hex
			CRC   Word
		} `json:"extra_checks"`
	}
	Primitives          []Primitive
	Captures            []Capture
	FNFrames            []Frame     `json:"fn_frames"`             // whole frames from the wire
	FNFramesConstructed []Frame     `json:"fn_frames_constructed"` // whole frames by the rules of fn.md
	FNPayloads          []FNPayload `json:"fn_payloads"`           // data of FN answers
	Probes              []Frame     // headers of the marking and key services
	TBGOST1             TBGOST1     `json:"tb_gost_1"`
	Negative            []Negative
	RNM                 struct {
		Example struct {
			RN10          string `json:"rn10"`
			INN           fiscal.INN
			FactoryNumber string `json:"factory_number"`
			CRCDecimal    string `json:"crc_decimal"`
			RNM           string
		}
	}
}

// Primitive is a vector of one GOST primitive; which fields are filled depends on
// the id.
type Primitive struct {
	ID, Source string
	InputASCII *string `json:"input_ascii"`
	DataASCII  *string `json:"data_ascii"`
	Data       Hex
	Key        Hex
	Label      Hex
	Seed       Hex
	IV         Hex
	Plain      Hex
	Cipher     Hex
	Output     Hex
	MAC128     Hex `json:"mac128"`
}

// Input is the text hashed or authenticated, whichever way the file writes it.
func (p *Primitive) Input() []byte {
	switch {
	case p.InputASCII != nil:
		return []byte(*p.InputASCII)
	case p.DataASCII != nil:
		return []byte(*p.DataASCII)
	}
	return p.Data
}

// Frame is a byte string with its meaning in words.
type Frame struct {
	ID, Status, What string
	Hex              Hex
}

// FNPayload is the data part of an FN answer from a real drive. Decoded has the
// expected fields as encoding/json gives them: strings and float64.
type FNPayload struct {
	ID, What string
	Hex      Hex
	Decoded  map[string]any
}

// Session is a decoded session header.
type Session struct {
	Signature    Hex
	SVersion     Hex    `json:"s_version"`
	PVersion     Hex    `json:"p_version"`
	FN           string `json:"fn_ascii"` // with its padding
	BodyLength   int    `json:"body_length"`
	Flags        Word
	FlagsDecoded struct {
		CRCMode          uint8 `json:"crc_mode"`
		ContainerPresent bool  `json:"container_present"`
		Answer           uint8 `json:"client_expects_answer"`
		Priority         uint8
	} `json:"flags_decoded"`
	CRC Word
}

// Container is a decoded container header with the fields of its document; an
// encrypted one has no STLV, Trailer and Fields.
type Container struct {
	Length        int
	CRC           Word
	Type          Hex
	DataType      fiscal.Form     `json:"data_type"`
	FormatVersion uint8           `json:"format_version"`
	Service7to8   Hex             `json:"service_7_8"`
	FNBCD         string          `json:"fn_bcd_9_16"`
	FD            fiscal.FDNumber `json:"fd_number_17_19_be"`
	Service20to24 Hex             `json:"service_20_24"`
	Service25to27 Hex             `json:"service_25_27"`
	Service28to29 Hex             `json:"service_28_29"`
	STLVSize      int             `json:"service_30_31_be"`
	STLV          struct {
		Tag, Len int
	}
	Trailer Hex
	Fields  []Field
}

// Field is a decoded field. Value is a string or a float64; it is nil for an STLV,
// whose fields are Items, and for bytes.
type Field struct {
	Tag     int
	Name    string
	Len     int
	Hex     Hex
	Value   any
	AsTime  string `json:"as_time"` // "2017-03-03 11:38:00"
	Printed string // of tag 1077: as on paper
	Items   []Field
}

// Capture is a message of a real or debug drive: cap-01 whole in Hex, cap-02 as a
// container and a session header that belongs to another FN.
type Capture struct {
	ID, What      string
	Hex           Hex
	ContainerHex  Hex `json:"container_hex"`
	SessionHeader Hex `json:"session_header_hex"`
	Session       Session
	Container     Container
}

// Body is a copy of the container.
func (c *Capture) Body() []byte {
	if len(c.ContainerHex) > 0 {
		return c.ContainerHex.Bytes()
	}
	return c.Hex[sessionHeaderLen:].Bytes()
}

// TBGOST1 is the part for the bench's own scheme.
type TBGOST1 struct {
	TestMasterKey struct {
		Phrase string `json:"phrase_ascii"`
		TMK    Hex
	} `json:"test_master_key"`
	Keys     []Keys
	FPD      []FPD
	Messages []Message
	// SessionHeaderVariants are headers for tb-receipt with CRC modes 1 and 2.
	SessionHeaderVariants []Frame `json:"session_header_variants"`
	ServiceMode           []Frame `json:"service_mode"`
}

// Keys is every key of one drive with one operator.
type Keys struct {
	FN            fiscal.FNNumber
	OFD           fiscal.INN `json:"ofd_inn"`
	DocGeneration uint32     `json:"doc_generation"`
	FNKey         Hex        `json:"K_fn"`
	Doc           Hex        `json:"K_doc"`
	Msg           Hex        `json:"K_msg"`
	EncUp         Hex        `json:"K_enc_up"`
	EncDown       Hex        `json:"K_enc_dn"`
	Operator      Hex        `json:"K_opr"`
	Archive       Hex        `json:"K_arc"`
	Marking       Hex        `json:"K_km"`
}

// FPD is a document sign with what it covers.
type FPD struct {
	ID       string
	Form     fiscal.Form
	Document string
	Input    Hex
	CMAC128  Hex
	FPD4     Hex
	Tag1077  Hex `json:"tag_1077"`
	Printed  string
	QR       string `json:"in_qr"`
	SerialLE Hex    `json:"fn_serial_u32_le"`
}

// Message is a whole message: session header and container.
type Message struct {
	ID, What         string
	Hex              Hex
	Session          Session
	Container        Container
	MessageSign      Hex `json:"message_sign"`
	ConfirmationSign Hex `json:"confirmation_sign"`
	FPOInput         Hex `json:"fpo_input"`
	FPO              Hex
	FPOArchive       Hex `json:"fpo_archive_18"`
	IV               Hex
	PlainSTLV        Hex `json:"plain_stlv"`
	PlainTrailer     Hex `json:"plain_trailer"`
}

// sessionHeaderLen and containerHeaderLen repeat the layout here: the vectors
// must not lean on the package that they test.
const (
	sessionHeaderLen   = 30
	containerHeaderLen = 32
)

// Header is a copy of the session header.
func (m *Message) Header() []byte { return m.Hex[:sessionHeaderLen].Bytes() }

// Body is a copy of the container.
func (m *Message) Body() []byte { return m.Hex[sessionHeaderLen:].Bytes() }

// STLV is a copy of the plain document with its header.
func (m *Message) STLV() []byte {
	if len(m.PlainSTLV) > 0 {
		return m.PlainSTLV.Bytes()
	}
	start := sessionHeaderLen + containerHeaderLen
	return m.Hex[start : start+4+m.Container.STLV.Len].Bytes()
}

// Negative is an altered message and the verdict it must get.
type Negative struct {
	ID, Base, What string
	PatchAt        int `json:"patch_at"`
	PatchHex       Hex `json:"patch_hex"`
	Hex            Hex
	Expect         string // a fault's name, or "bad_message_sign_then_…"
}

// Body is a copy of the container, as much of it as was sent.
func (n *Negative) Body() []byte { return n.Hex[sessionHeaderLen:].Bytes() }

// Primitive finds a vector by id; a wrong id panics, as in all finders here.
func (v *ProtocolVectors) Primitive(id string) *Primitive {
	return find(v.Primitives, id, func(p *Primitive) string { return p.ID })
}

// Capture finds a captured message by id ("cap-01").
func (v *ProtocolVectors) Capture(id string) *Capture {
	return find(v.Captures, id, func(c *Capture) string { return c.ID })
}

// Message finds a TB-GOST-1 message by id ("tb-receipt").
func (v *ProtocolVectors) Message(id string) *Message {
	return find(v.TBGOST1.Messages, id, func(m *Message) string { return m.ID })
}

// NegativeByID finds an altered message by id ("neg-01").
func (v *ProtocolVectors) NegativeByID(id string) *Negative {
	return find(v.Negative, id, func(n *Negative) string { return n.ID })
}

// Frame finds a frame of the FN serial line or a probe by id ("fnf-01", "fnc-03",
// "prb-01").
func (v *ProtocolVectors) Frame(id string) *Frame {
	all := append(append(append([]Frame{}, v.FNFrames...), v.FNFramesConstructed...), v.Probes...)
	return find(all, id, func(f *Frame) string { return f.ID })
}

// FNPayload finds the data of an FN answer by id ("fnp-01").
func (v *ProtocolVectors) FNPayload(id string) *FNPayload {
	return find(v.FNPayloads, id, func(p *FNPayload) string { return p.ID })
}

// KeysOf finds the keys of a drive.
func (v *ProtocolVectors) KeysOf(fn fiscal.FNNumber) *Keys {
	return find(v.TBGOST1.Keys, string(fn), func(k *Keys) string { return string(k.FN) })
}

func find[T any](all []T, id string, idOf func(*T) string) *T {
	for i := range all {
		if idOf(&all[i]) == id {
			return &all[i]
		}
	}
	panic(fmt.Sprintf("fiscaltest: data/protocol.json has no %T %q", *new(T), id))
}

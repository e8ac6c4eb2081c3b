package serial

import (
	"encoding/binary"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Bytes that mean something between frames (fn.md section 9).
const (
	Start byte = 0x04 // begins a frame
	ENQ   byte = 0x05 // alone: send the last answer again
)

// Sizes of a frame in bytes: 04h, LEN u16 LE, CMD or ANSWER, DATA, CRC16 u16 LE.
// LEN counts CMD or ANSWER and DATA.
const (
	MaxData  = 1024
	MaxFrame = MaxData + overhead

	headLen  = 3 // 04h and LEN
	crcLen   = 2
	overhead = headLen + 1 + crcLen
	maxLen   = MaxData + 1
)

// Frame is one command or one answer.
type Frame struct {
	Code byte   // CMD, or ANSWER with the warning in bit 7
	Data []byte // at most MaxData bytes
}

// AppendFrame writes a frame with its check code. It fails when data exceeds MaxData.
func AppendFrame(dst []byte, f Frame) ([]byte, error) {
	if len(f.Data) > MaxData {
		return dst, fmt.Errorf("serial: %02Xh with %d bytes of data: a frame has at most %d", f.Code, len(f.Data), MaxData)
	}
	start := len(dst)
	dst = append(dst, Start)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(f.Data)+1))
	dst = append(dst, f.Code)
	dst = append(dst, f.Data...)
	return binary.LittleEndian.AppendUint16(dst, fiscal.CRC16(dst[start+1:])), nil
}
